/// A value in a template.
indirect enum JinjaValue: Equatable, Sendable {
    case undefined
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case array([JinjaValue])
    /// Keys in order.
    case object([Entry])

    struct Entry: Equatable, Sendable {
        var key: String
        var value: JinjaValue
    }

    static func object(_ pairs: [(String, JinjaValue)]) -> JinjaValue {
        .object(pairs.map { Entry(key: $0.0, value: $0.1) })
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .double(let value): value != 0
        case .string(let value): !value.isEmpty
        case .array(let values): !values.isEmpty
        case .object(let entries): !entries.isEmpty
        }
    }

    /// As Python prints it.
    var text: String {
        switch self {
        case .undefined: ""
        case .none: "None"
        case .bool(let value): value ? "True" : "False"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let value): value
        case .array, .object: json
        }
    }

    var json: String {
        switch self {
        case .undefined, .none: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .int(let value): return "\(value)"
        case .double(let value): return "\(value)"
        case .array(let values): return "[" + values.map(\.json).joined(separator: ", ") + "]"
        case .object(let entries):
            return "{" + entries.map { "\(JinjaValue.string($0.key).json): \($0.value.json)" }.joined(separator: ", ")
                + "}"
        case .string(let value):
            var result = "\""
            for scalar in value.unicodeScalars {
                switch scalar {
                case "\"": result += "\\\""
                case "\\": result += "\\\\"
                case "\n": result += "\\n"
                case "\r": result += "\\r"
                case "\t": result += "\\t"
                default: result.unicodeScalars.append(scalar)
                }
            }
            return result + "\""
        }
    }

    func member(_ key: String) -> JinjaValue {
        guard case .object(let entries) = self else { return .undefined }
        return entries.first { $0.key == key }?.value ?? .undefined
    }

    /// What a loop walks over.
    var items: [JinjaValue]? {
        switch self {
        case .array(let values): values
        case .object(let entries): entries.map { .string($0.key) }
        case .string(let text): text.unicodeScalars.map { .string(String($0)) }
        case .undefined, .none: []
        default: nil
        }
    }
}

/// Why a checkpoint's chat template could not be used.
public enum JinjaError: Error, Equatable, CustomStringConvertible {
    case syntax(String)
    case unsupported(String)
    /// The template refused the conversation.
    case raised(String)
    case tooLong

    public var description: String {
        let remedy = "; choose another with --template"
        switch self {
        case .syntax(let reason): return "the checkpoint's chat template cannot be read: \(reason)\(remedy)"
        case .unsupported(let what):
            return "the checkpoint's chat template uses \(what), which is not supported\(remedy)"
        case .raised(let message): return "the checkpoint's chat template refuses this conversation: \(message)"
        case .tooLong: return "the checkpoint's chat template does not come to an end\(remedy)"
        }
    }
}
