import Foundation
import HiREDInference
import OrderedJSON

/// The body of a request to `/v1/completions`, with rows in the place of text.
///
/// Every field that changes how tokens are drawn is there: what is left out would be filled from the served model's own
/// settings. Stop strings are not: their text begins without ours, so they are matched here.
struct CompletionBody {
    let model: String
    let prompt: RemotePrompt
    let type: RowType
    /// Further fields, which win.
    var more: JSONObject = [:]

    /// - Throws: `RemoteLanguageError.unsendable`.
    func data() throws -> Data {
        let file = try TensorFile(type: type, rows: prompt.tokenCount, columns: prompt.width).data(prompt.rows)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let fields = try encoder.encode(JSONValue.object(fields))
        var data = Data(capacity: file.count / 3 * 4 + fields.count + 32)
        // Base64 needs no escapes, and goes in as it is.
        data.append(contentsOf: "{\"prompt_embeds\":\"".utf8)
        data.append(file.base64EncodedData())
        data.append(contentsOf: "\",".utf8)
        data.append(fields.dropFirst())
        return data
    }

    /// 0.7 and not 0.699999988.
    private static func plain(_ number: Float) -> Double { Double("\(number)") ?? Double(number) }

    var fields: JSONObject {
        let sampling = prompt.sampling
        var fields: JSONObject = [
            "model": .string(model), "stream": .bool(true), "stream_options": ["include_usage": .bool(true)],
            "max_tokens": .integer(prompt.maximumTokens), "n": .integer(prompt.answerCount),
            "temperature": .number(Self.plain(sampling.temperature)), "top_p": .number(Self.plain(sampling.topP)),
            "top_k": .integer(sampling.topK ?? 0), "min_p": .number(Self.plain(sampling.minP)),
            "repetition_penalty": .number(1), "presence_penalty": .number(0), "frequency_penalty": .number(0),
            "min_tokens": .integer(min(sampling.minimumTokens, prompt.maximumTokens)), "stop": .array([]),
            "stop_token_ids": .array(prompt.endTokens.map { .integer(Int($0)) }),
            "ignore_eos": .bool(prompt.endTokens.isEmpty), "return_token_ids": .bool(true),
        ]
        // Its seeds are signed.
        if let seed = sampling.seed { fields["seed"] = .integer(Int(truncatingIfNeeded: seed & 0x7FFF_FFFF_FFFF_FFFF)) }
        if let logprobs = sampling.logprobs {
            fields["logprobs"] = .integer(logprobs)
            fields["return_tokens_as_token_ids"] = .bool(true)
        }
        // A salt that nobody else has: nothing is found, and nothing is left to be found.
        if !prompt.reusesCaches { fields["cache_salt"] = .string(UUID().uuidString) }
        for (key, value) in more { fields[key] = value }
        return fields
    }
}
