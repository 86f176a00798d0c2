import Failures
import Foundation

/// What a line of a chat asks for.
enum ChatLine: Equatable {
    case nothing
    case question(String)
    /// A picture to show; nil asks which there are.
    case image(String?)
    /// A budget for all pictures; nil asks for the one in force.
    case budget(String?)
    case kept
    case full
    case clear(withPictures: Bool)
    case help
    case quit
    /// No command, or one with the wrong words behind it; says so.
    case refused(String)

    init(_ line: String) {
        let text = line.trimmingCharacters(in: .whitespacesAndNewlines)
        guard text.hasPrefix("/") else {
            self = text.isEmpty ? .nothing : .question(text)
            return
        }
        guard !text.hasPrefix("//") else {
            self = .question(String(text.dropFirst()))
            return
        }
        let words = text.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        let rest = words.count > 1 ? words[1].trimmingCharacters(in: .whitespaces) : nil
        switch (words[0], rest) {
        case ("/image", _): self = .image(rest)
        case ("/budget", _): self = .budget(rest)
        case ("/kept", nil): self = .kept
        case ("/full", nil): self = .full
        case ("/clear", nil): self = .clear(withPictures: false)
        case ("/clear", "all"): self = .clear(withPictures: true)
        case ("/clear", _): self = .refused("/clear takes nothing but the word all")
        case ("/help", nil): self = .help
        case ("/quit", nil): self = .quit
        case ("/kept", _), ("/full", _), ("/help", _), ("/quit", _):
            self = .refused("\(words[0]) takes nothing behind it")
        default:
            self = .refused(
                "\(FailureText.quoted(String(words[0]))) is no command; /help lists them, and // begins a question with /"
            )
        }
    }

    static let helpText = """
        A line is a question; the answers before it are remembered.
          /image FILE   show a picture with the next question; /image alone lists those there are
          /budget 10%   image tokens to keep: a percentage, a number, full or auto; alone: the one in force
          /kept         draw which tokens of the pictures are kept
          /full         answer the last question again, from nothing, at the budget and with all image tokens
          /clear        forget questions and answers; /clear all forgets the pictures too
          /help         this list
          /quit         leave, as Ctrl-D does
        Ctrl-C stops a running answer, and leaves at the prompt. A question that begins with / is written with two.
        """
}
