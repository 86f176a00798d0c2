import HTTPTypes
import HiREDInference
import OrderedJSON

extension ChatRequest {
    /// Far more turns than any context holds.
    private static let mostMessages = 4096

    static func conversation(
        _ fields: Fields, rules: Rules
    ) throws -> (messages: [ChatMessage], pictures: [Picture]) {
        guard let list = try fields.list("messages"), !list.isEmpty else {
            throw APIError.invalid(
                "messages", "messages is missing or empty; give at least one", code: "missing_required_parameter")
        }
        guard list.count <= mostMessages else {
            throw APIError.invalid("messages", "messages holds \(list.count); give at most \(mostMessages)")
        }
        var messages: [ChatMessage] = []
        var pictures: [Picture] = []
        for (place, value) in list.enumerated() {
            messages.append(try message(Fields(value, path: "messages[\(place)]"), pictures: &pictures))
            guard pictures.count <= rules.mostPictures else {
                throw APIError(
                    .badRequest, "the messages hold more than \(rules.mostPictures) pictures; give fewer",
                    parameter: "messages", code: "too_many_images")
            }
        }
        return (messages, pictures)
    }

    private static func message(_ fields: Fields, pictures: inout [Picture]) throws -> ChatMessage {
        let role: ChatMessage.Role
        switch try fields.string("role") {
        case "system", "developer": role = .system
        case "user": role = .user
        case "assistant": role = .assistant
        case let other:
            throw APIError.invalid(
                fields.name("role"),
                "\(fields.name("role")) is \(other.map { FailureText.quoted($0) } ?? "missing"); give system, developer, "
                    + "user or assistant")
        }
        for name in ["tool_calls", "function_call", "audio"] {
            guard let value = fields[name], value != .array([]) else { continue }
            throw APIError.unsupported(fields.name(name), "\(name) of messages is not supported; leave it out")
        }
        let path = fields.name("content")
        switch fields["content"] {
        case nil: return ChatMessage(role, [.text("")])
        case .string(let text): return ChatMessage(role, [.text(text)])
        case .array(let values):
            var parts: [ChatMessage.Part] = []
            for (place, value) in values.enumerated() {
                parts.append(
                    try part(Fields(value, path: "\(path)[\(place)]"), of: role, pictures: &pictures))
            }
            return ChatMessage(role, joined(parts))
        case let other?:
            throw APIError.invalid(
                path, "\(path) is \(other.summary); give a text or a list of parts", code: "invalid_type")
        }
    }

    private static func part(
        _ fields: Fields, of role: ChatMessage.Role, pictures: inout [Picture]
    ) throws -> ChatMessage.Part {
        switch try fields.string("type") {
        case "text", "input_text", "output_text": return .text(try fields.string("text") ?? "")
        case "refusal": return .text(try fields.string("refusal") ?? "")
        case "image_url", "input_image", "image":
            guard role == .user else {
                throw APIError.invalid(
                    fields.path,
                    "\(fields.path) is a picture in a message of the \(role.rawValue); put it into one of the user")
            }
            pictures.append(try picture(fields))
            return .image
        case let other:
            throw APIError.unsupported(
                fields.name("type"),
                "\(fields.name("type")) is \(other.map { FailureText.quoted($0) } ?? "missing"); give text or image_url"
            )
        }
    }

    /// A picture as `{"url": …}` or as the bare address.
    private static func picture(_ fields: Fields) throws -> Picture {
        let path = fields.name("image_url")
        var settings = try fields.fields("visual_tokens")
        let url: String
        switch fields["image_url"] {
        case .string(let text): url = text
        case let value?:
            let inner = try Fields(value, path: path)
            guard let text = try inner.string("url") else {
                throw APIError.invalid(inner.name("url"), "\(inner.name("url")) is missing; give a data: URL")
            }
            url = text
            settings = try inner.fields("visual_tokens") ?? settings
        case nil: throw APIError.invalid(path, "\(path) is missing; give a data: URL")
        }
        let tokens = try settings.map { try VisualTokenFields($0) }
        if let tokens, tokens.budget == .auto || tokens.maximumSecondsToFirstToken != nil || tokens.maximumBytes != nil
        {
            throw APIError.invalid(
                path, "an automatic budget is for all pictures together; give it in visual_tokens beside messages")
        }
        return Picture(reference: try PictureReference(url: url, path: path), path: path, visualTokens: tokens)
    }

    /// Text parts that follow each other are one text.
    private static func joined(_ parts: [ChatMessage.Part]) -> [ChatMessage.Part] {
        var result: [ChatMessage.Part] = []
        for part in parts {
            if case .text(let text) = part, case .text(let before)? = result.last {
                result[result.count - 1] = .text(before + "\n" + text)
            } else {
                result.append(part)
            }
        }
        return result.isEmpty ? [.text("")] : result
    }
}
