/// A piece of a template's source.
enum JinjaToken: Equatable, Sendable {
    /// Text between tags.
    case data(String)
    case outputBegin, outputEnd, blockBegin, blockEnd
    case name(String)
    case string(String)
    case int(Int)
    case double(Double)
    case symbol(String)

    /// For messages.
    var description: String {
        switch self {
        case .data: "text"
        case .outputBegin: "'{{'"
        case .outputEnd: "'}}'"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .name(let text), .symbol(let text): "'\(text)'"
        case .string: "a string"
        case .int, .double: "a number"
        }
    }
}
