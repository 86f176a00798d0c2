import Foundation
import Testing

@testable import HiREDCommandLine

/// What lines of a chat mean.
@Suite struct ChatLineTests {
    @Test func questionsAreToldFromCommands() {
        #expect(ChatLine("  What word is written? ") == .question("What word is written?"))
        #expect(ChatLine("") == .nothing)
        #expect(ChatLine(" \t\r") == .nothing)
        #expect(ChatLine("//etc is what?") == .question("/etc is what?"))
        #expect(ChatLine("image") == .question("image"))
    }

    @Test func commandsTakeTheirWords() {
        #expect(ChatLine("/image  a picture.png ") == .image("a picture.png"))
        #expect(ChatLine("/image") == .image(nil))
        #expect(ChatLine("/budget 10%") == .budget("10%"))
        #expect(ChatLine("/budget") == .budget(nil))
        #expect(ChatLine("/kept") == .kept)
        #expect(ChatLine("/full") == .full)
        #expect(ChatLine("/help") == .help)
        #expect(ChatLine("/clear") == .clear(withPictures: false))
        #expect(ChatLine("/clear all") == .clear(withPictures: true))
        #expect(ChatLine(" /quit ") == .quit)
    }

    @Test(arguments: ["/kept a.png", "/full 10%", "/quit now", "/help me", "/clear some", "/", "/Image x", "/foo"])
    func whatIsNoCommandIsRefused(_ line: String) {
        guard case .refused(let why) = ChatLine(line) else { return #expect(Bool(false), "\(ChatLine(line))") }
        #expect(why.contains(String(line.split(separator: " ")[0])))
    }

    @Test func refusalsShowNoControlCharacters() {
        guard case .refused(let why) = ChatLine("/\u{1B}[2J\u{7}") else { return #expect(Bool(false)) }
        #expect(!why.unicodeScalars.contains { $0.properties.generalCategory == .control })
    }

    @Test func helpNamesEveryCommand() {
        for name in ["/image", "/budget", "/kept", "/full", "/clear", "/help", "/quit"] {
            #expect(ChatLine.helpText.contains("  \(name)"))
            if case .refused = ChatLine(name) { #expect(Bool(false), "\(name)") }
        }
    }

    @Test func pathsAreTakenAsTerminalsPasteThem() {
        func path(_ typed: String, existing: Set<String> = []) -> String {
            ChatPicture.path(typed, exists: existing.contains)
        }
        #expect(path("a b.png") == "a b.png")
        #expect(path("'a b.png'") == "a b.png")
        #expect(path("\"a b.png\"") == "a b.png")
        #expect(path("a\\ b\\\\.png") == "a b\\.png")
        #expect(path("'") == "'")
        // A name that is really so goes before what it could mean.
        #expect(path("a\\ b.png", existing: ["a\\ b.png"]) == "a\\ b.png")
        let home = FileManager.default.homeDirectoryForCurrentUser.path
        #expect(path("~/x.png") == home + "/x.png")
        #expect(path("~x.png") == "~x.png")
    }

    @Test func columnsAreBrokenAtSpaces() {
        #expect(SideBySide.lines("one two three", width: 7) == ["one two", "three"])
        #expect(SideBySide.lines("a\n\nb", width: 7) == ["a", "", "b"])
        #expect(SideBySide.lines("abcdefgh ij", width: 3) == ["abc", "def", "gh", "ij"])
        #expect(SideBySide.lines("日本語", width: 4) == ["日本", "語"])
        #expect(SideBySide.lines("", width: 4) == [""])
    }

    @Test func textsStandSideBySide() {
        let text = SideBySide.text("yes\nit is", "no", width: 23)
        #expect(text == "yes        │ no\nit is      │ \n")
        for line in SideBySide.text("日本 word word word", "x y z word word word word", width: 29).split(separator: "\n")
        {
            #expect(SideBySide.columns(of: line) <= 29)
            #expect(SideBySide.columns(of: line.prefix(while: { $0 != "│" })) == 14)
        }
    }
}
