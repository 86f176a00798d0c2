import Foundation
import HiREDInference
import OrderedJSON

/// What all parts of one answer share.
struct Completion: Sendable {
    let id: String
    let created: Int
    /// As the client wrote it.
    let model: String
    let tokenizer: Tokenizer

    init(id: String, model: String, tokenizer: Tokenizer) {
        self.id = "chatcmpl-" + id
        created = Int(Date().timeIntervalSince1970)
        self.model = model
        self.tokenizer = tokenizer
    }

    /// The whole answer at once.
    func whole(_ result: GenerationResult) -> JSONValue {
        let choices = result.answers.enumerated().map { place, answer -> JSONValue in
            [
                "index": .integer(place),
                "message": ["role": "assistant", "content": .string(answer.text), "refusal": .null],
                "finish_reason": .string(answer.finishReason.rawValue),
                "logprobs": answer.logprobs.map { logprobs($0) } ?? .null,
            ]
        }
        var object = head("chat.completion")
        object["choices"] = .array(choices)
        object["usage"] = Usage(result).value
        object["timings"] = Self.timings(result)
        return .object(object)
    }

    /// A part of a streamed answer.
    func chunk(
        _ answer: Int, delta: JSONValue, finishReason: GenerationResult.FinishReason? = nil,
        logprobs drawn: [TokenLogprobs]? = nil, includesUsage: Bool
    ) -> JSONValue {
        var object = head("chat.completion.chunk")
        object["choices"] = [
            [
                "index": .integer(answer), "delta": delta, "finish_reason": JSONValue(finishReason?.rawValue),
                "logprobs": drawn.map { logprobs($0) } ?? .null,
            ]
        ]
        // As OpenAI does it: null on all but the last, where it was asked for.
        if includesUsage { object["usage"] = .null }
        return .object(object)
    }

    /// The last part, where it was asked for.
    func usage(_ result: GenerationResult) -> JSONValue {
        var object = head("chat.completion.chunk")
        object["choices"] = []
        object["usage"] = Usage(result).value
        return .object(object)
    }

    private func head(_ kind: String) -> JSONObject {
        ["id": .string(id), "object": .string(kind), "created": .integer(created), "model": .string(model)]
    }

    private func logprobs(_ drawn: [TokenLogprobs]) -> JSONValue {
        let content = drawn.map { token -> JSONValue in
            var object = entry(token.id, token.logprob)
            object["top_logprobs"] = .array(token.top.map { .object(entry($0.id, $0.logprob)) })
            return .object(object)
        }
        return ["content": .array(content), "refusal": .null]
    }

    private func entry(_ id: Int32, _ logprob: Float) -> JSONObject {
        // A model may know more ids than its tokenizer.
        let text = tokenizer.text(of: id) ?? ""
        return [
            "token": .string(text), "logprob": JSONValue(logprob),
            "bytes": .array(text.utf8.map { .integer(Int($0)) }),
        ]
    }

    /// Milliseconds of the work's parts, and the speed of the first answer.
    static func timings(_ result: GenerationResult) -> JSONValue {
        let timings = result.timings
        let tokens = result.answers.first?.tokens.count ?? 0
        // The first token is the prompt's; the others take the time of decoding.
        let speed = tokens > 1 && timings.decode > 0 ? 1000 * Double(tokens - 1) / timings.decode : 0
        var object: JSONObject = [
            "decode_image_ms": .rounded(timings.images.decode), "preprocess_ms": .rounded(timings.images.preprocess),
            "vision_ms": .rounded(timings.images.vision), "select_ms": .rounded(timings.images.select),
            "project_ms": .rounded(timings.images.project), "prefill_ms": .rounded(timings.prefill),
            "ttft_ms": .rounded(timings.timeToFirstToken), "decode_ms": .rounded(timings.decode),
            "total_ms": .rounded(timings.total), "tokens_per_second": .rounded(speed),
        ]
        // Of a language model that is served elsewhere.
        if let upload = timings.upload { object["upload_ms"] = .rounded(upload) }
        return .object(object)
    }
}
