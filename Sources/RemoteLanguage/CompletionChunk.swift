import HiREDInference
import OrderedJSON

/// One event of a streamed completion.
enum CompletionChunk: Equatable {
    case tokens([RemoteEvent])
    /// What the server says went wrong, with the status that it would have had before the stream began, if it tells.
    case failure(message: String, status: Int?)
    case done

    struct Malformed: Error { var reason: String }

    /// - Parameter alternatives: as many as were asked for; one more may come.
    /// - Throws: `Malformed`.
    init(_ data: [UInt8], alternatives: Int = 0) throws {
        if data == Array("[DONE]".utf8) {
            self = .done
            return
        }
        let value: JSONValue
        do { value = try JSONValue(parsing: data) } catch { throw Malformed(reason: "an event that is no JSON") }
        guard case .object(let object) = value else { throw Malformed(reason: "an event that is no object") }
        if let message = Self.message(of: object) {
            self = .failure(message: message, status: Self.status(of: object))
            return
        }
        guard case .array(let choices)? = object["choices"] else { throw Malformed(reason: "an event without choices") }
        var events = try choices.map { try Self.event($0, alternatives: alternatives) }
        if case .object(let usage)? = object["usage"], case .object(let details)? = usage["prompt_tokens_details"],
            case .integer(let cached)? = details["cached_tokens"]
        {
            events.append(.cached(tokens: cached))
        }
        self = .tokens(events)
    }

    /// The message of an error object, as vLLM and OpenAI write them.
    static func message(of object: JSONObject) -> String? {
        switch object["error"] {
        case .object(let error)?:
            if case .string(let message)? = error["message"] { return message }
            return "an error without a message"
        case .string(let message)?: return message
        default:
            // Of the web framework, and of older versions.
            if case .string(let message)? = object["detail"] { return message }
            guard case .string("error")? = object["object"], case .string(let message)? = object["message"] else {
                return nil
            }
            return message
        }
    }

    private static func status(of object: JSONObject) -> Int? {
        guard case .object(let error)? = object["error"], case .integer(let code)? = error["code"] else { return nil }
        return code
    }

    private static func event(_ choice: JSONValue, alternatives: Int) throws -> RemoteEvent {
        guard case .object(let choice) = choice else { throw Malformed(reason: "a choice that is no object") }
        var answer = 0
        if case .integer(let index)? = choice["index"] { answer = index }
        guard case .array(let list)? = choice["token_ids"] else {
            throw Malformed(reason: "no token ids; vLLM 0.27 or later is needed")
        }
        var ids: [Int32] = try list.map { item in
            guard case .integer(let number) = item, let id = Int32(exactly: number), id >= 0 else {
                throw Malformed(reason: "a token id that is none")
            }
            return id
        }
        var end: RemoteEvent.End?
        switch choice["finish_reason"] {
        case .string("stop")?:
            end = .stop
            // The token that ended the answer, where it was not listed.
            if case .integer(let number)? = choice["stop_reason"], let id = Int32(exactly: number), ids.last != id {
                ids.append(id)
            }
        case .string("length")?: end = .length
        case nil, .null?: break
        case .string(let reason)?: throw Malformed(reason: "an answer that ended with \"\(reason.prefix(40))\"")
        default: throw Malformed(reason: "a finish reason that is no text")
        }
        let logprobs = try logprobs(choice["logprobs"], ids: ids, alternatives: alternatives)
        let tokens = ids.enumerated().map { place, id in
            RemoteEvent.Token(id: id, logprobs: logprobs.indices.contains(place) ? logprobs[place] : nil)
        }
        return .tokens(answer: answer, tokens, end: end)
    }

    private static func logprobs(
        _ value: JSONValue?, ids: [Int32], alternatives: Int
    ) throws -> [TokenLogprobs] {
        guard case .object(let object)? = value else { return [] }
        guard case .array(let values)? = object["token_logprobs"], case .array(let tops)? = object["top_logprobs"],
            values.count == tops.count, values.count <= ids.count
        else { throw Malformed(reason: "log probabilities that do not belong to the tokens") }
        return try zip(values, tops).enumerated().map { place, pair in
            var top: [TokenLogprobs.Alternative] = []
            if case .object(let entries) = pair.1 {
                top = try entries.map { key, value in
                    guard key.hasPrefix("token_id:"), let id = Int32(key.dropFirst("token_id:".count)) else {
                        throw Malformed(reason: "a token \"\(key.prefix(40))\" in place of its id")
                    }
                    return TokenLogprobs.Alternative(id: id, logprob: try number(value))
                }
            }
            top.sort { ($0.logprob, $1.id) > ($1.logprob, $0.id) }
            return TokenLogprobs(id: ids[place], logprob: try number(pair.0), top: Array(top.prefix(alternatives)))
        }
    }

    private static func number(_ value: JSONValue) throws -> Float {
        switch value {
        case .number(let number): Float(number)
        case .integer(let number): Float(number)
        default: throw Malformed(reason: "a log probability that is no number")
        }
    }
}
