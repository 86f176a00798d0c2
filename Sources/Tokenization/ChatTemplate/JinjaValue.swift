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
