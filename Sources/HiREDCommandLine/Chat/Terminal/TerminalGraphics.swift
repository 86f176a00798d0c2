import Foundation

/// How a terminal draws pictures.
enum TerminalGraphics: String, CaseIterable {
    /// The protocol of the terminal kitty.
    case kitty
    /// The bitmaps of DEC's printers and terminals.
    case sixel
    /// Half blocks, two pixels a character, in 24-bit colours.
    case blocks
    /// The same in the 256 colours of older terminals.
    case blocks256 = "blocks-256"
}

extension TerminalGraphics {
    /// What the environment says. Nil where the terminal is to be asked: a multiplexer between passes on variables of the
    /// terminal outside, whose graphics it may not pass on.
    static func known(from environment: [String: String]) -> TerminalGraphics? {
        let (term, program) = (environment["TERM"] ?? "", environment["TERM_PROGRAM"] ?? "")
        // These would show a question as text, or answer none.
        if program == "Apple_Terminal" { return environment["COLORTERM"] == nil ? .blocks256 : .blocks }
        if term.isEmpty || ["linux", "dumb", "cygwin"].contains(term) || environment["EMACS"] != nil { return .blocks }
        let isNested =
            environment["TMUX"] != nil || environment["STY"] != nil || term.hasPrefix("screen")
            || term.hasPrefix("tmux")
        guard !isNested else { return nil }
        if environment["KITTY_WINDOW_ID"] != nil || ["xterm-kitty", "xterm-ghostty"].contains(term)
            || ["ghostty", "WezTerm"].contains(program)
        {
            return .kitty
        }
        return nil
    }

    /// A kitty picture of one pixel that is only to be judged, then a request for the terminal's attributes, which all
    /// answer: the wait ends there.
    static let question = "\u{1B}_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\u{1B}\\\u{1B}[c"

    /// Whether the attributes have come.
    static func isWhole(_ answer: [UInt8]) -> Bool { attributes(in: answer) != nil }

    /// - Parameter answer: to `question`.
    init(answer: [UInt8]) {
        if String(decoding: answer, as: UTF8.self).contains("\u{1B}_Gi=31;OK\u{1B}\\") {
            self = .kitty
        } else if Self.attributes(in: answer)?.contains("4") == true {
            self = .sixel
        } else {
            self = .blocks
        }
    }

    /// The parameters of `ESC [ ? … c`, of which 4 stands for sixel.
    private static func attributes(in answer: [UInt8]) -> [Substring]? {
        let text = String(decoding: answer, as: UTF8.self)
        guard let start = text.range(of: "\u{1B}[?"), let end = text[start.upperBound...].firstIndex(of: "c") else {
            return nil
        }
        return text[start.upperBound..<end].split(separator: ";")
    }

    /// Of the terminal the program runs in; may wait for its answer for up to a second.
    static func detect() -> TerminalGraphics {
        known(from: ProcessInfo.processInfo.environment)
            ?? TerminalGraphics(
                answer: Terminal.ask(question, milliseconds: 1000, isWhole: isWhole))
    }
}
