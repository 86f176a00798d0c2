import HTTPTypes
import HiREDInference
import OrderedJSON

/// The body of a request for chat completions, read and checked as far as it can be without a model.
struct ChatRequest: Sendable {
    struct Picture: Sendable {
        var reference: PictureReference
        /// The field's name, for errors.
        var path: String
        /// What is other for this picture than for all.
        var visualTokens: VisualTokenFields?
    }

    var model: ModelName
    var messages: [ChatMessage]
    /// In the order of their places in the messages.
    var pictures: [Picture]
    var visualTokens: VisualTokenFields
    var sampling: SamplingFields
    /// Of each answer; nil where the request says nothing.
    var maximumTokens: Int?
    var answerCount = 1
    var streams = false
    var includesUsage = false
    /// Whether named events tell of the pictures' tokens, beside OpenAI's chunks.
    var includesVisualTokens = false
}

/// How answers are drawn, where a request says so.
struct SamplingFields: Sendable, Equatable {
    var temperature: Float?
    var topP: Float?
    var topK: Int?
    var minP: Float?
    var repetitionPenalty: Float?
    var presencePenalty: Float?
    var frequencyPenalty: Float?
    var seed: UInt64?
    var stop: [String] = []
    var logprobs: Int?

    func options(over defaults: SamplingOptions) -> SamplingOptions {
        var options = defaults
        options.temperature = temperature ?? options.temperature
        options.topP = topP ?? options.topP
        options.topK = topK ?? options.topK
        options.minP = minP ?? options.minP
        options.repetitionPenalty = repetitionPenalty ?? options.repetitionPenalty
        options.presencePenalty = presencePenalty ?? options.presencePenalty
        options.frequencyPenalty = frequencyPenalty ?? options.frequencyPenalty
        options.seed = seed
        options.stop += stop
        options.logprobs = logprobs
        return options
    }
}

extension ChatRequest {
    /// What a server asks of every request.
    struct Rules: Sendable {
        var modelName: String
        var mostPictures: Int
    }

    /// - Throws: `APIError`, `HiREDError`.
    init(_ value: JSONValue, rules: Rules) throws {
        let fields = try Fields(value)
        try Self.refuseUnsupported(fields)
        model = try ModelName(fields.string("model") ?? rules.modelName, served: rules.modelName)
        (messages, pictures) = try Self.conversation(fields, rules: rules)
        visualTokens = try fields.fields("visual_tokens").map { try VisualTokenFields($0) } ?? VisualTokenFields()
        // A field says more than a name.
        visualTokens.budget = visualTokens.budget ?? model.budget
        sampling = try SamplingFields(fields)
        // Two names for one thing; the smaller counts.
        let limits = try ["max_tokens", "max_completion_tokens"].compactMap { name in
            try fields.integer(name).map { try Self.checked(name, $0, 1...(1 << 30)) }
        }
        maximumTokens = limits.min()
        answerCount =
            try fields.integer("n").map {
                try Self.checked("n", $0, 1...GenerationRequest.maximumAnswers)
            } ?? 1
        streams = try fields.bool("stream") ?? false
        if let options = try fields.fields("stream_options") {
            includesUsage = try options.bool("include_usage") ?? false
            includesVisualTokens = try options.bool("include_visual_tokens") ?? false
        }
    }

    static func checked(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(APIError) -> Int {
        guard range.contains(value) else {
            throw .invalid(name, "\(name) is \(value); give a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// What OpenAI's API has and this server has not: refused where it would change the answer, accepted where it is
    /// empty.
    private static func refuseUnsupported(_ fields: Fields) throws(APIError) {
        for name in ["tools", "functions"] {
            if let list = try fields.list(name), !list.isEmpty {
                throw .unsupported(name, "\(name) cannot be called here; leave \(name) out")
            }
        }
        for name in ["tool_choice", "function_call"] {
            switch fields[name] {
            case nil, .string("none"), .string("auto"): break
            default: throw .unsupported(name, "tools cannot be called here; leave \(name) out")
            }
        }
        if let bias = fields["logit_bias"], bias != .object(JSONObject()), bias != .array([]) {
            throw .unsupported("logit_bias", "logit_bias is not supported; leave it out")
        }
        if let format = try fields.fields("response_format") {
            guard try format.string("type") ?? "text" == "text" else {
                throw .unsupported(
                    "response_format", "answers are text; leave response_format out, or give it the type text")
            }
        }
        if fields["audio"] != nil { throw .unsupported("audio", "answers are text; leave audio out") }
        if let modalities = try fields.list("modalities"), modalities != [.string("text")], !modalities.isEmpty {
            throw .unsupported("modalities", "answers are text; leave modalities out")
        }
        if fields["web_search_options"] != nil {
            throw .unsupported("web_search_options", "nothing is searched here; leave web_search_options out")
        }
    }
}

extension SamplingFields {
    init(_ fields: Fields) throws(APIError) {
        func number(_ name: String, _ range: ClosedRange<Double>) throws(APIError) -> Float? {
            guard let number = try fields.number(name) else { return nil }
            guard range.contains(number) else {
                throw .invalid(
                    name,
                    "\(name) is \(JSONValue.number(number).summary); give a number from \(range.lowerBound) to "
                        + "\(range.upperBound)")
            }
            return Float(number)
        }
        temperature = try number("temperature", 0...2)
        topP = try number("top_p", 0...1)
        // Keeps the likeliest token, as any share that small.
        if topP == 0 { topP = .leastNonzeroMagnitude }
        minP = try number("min_p", 0...1)
        repetitionPenalty = try number("repetition_penalty", 1e-6...1e6)
        presencePenalty = try number("presence_penalty", -2...2)
        frequencyPenalty = try number("frequency_penalty", -2...2)
        if let number = try fields.integer("top_k") {
            // 0 and -1 are how others say that all tokens count.
            topK = number <= 0 ? nil : number
            if number < -1 { throw .invalid("top_k", "top_k is \(number); give at least 1, or leave it out") }
        }
        seed = try fields.integer("seed").map { UInt64(bitPattern: Int64($0)) }
        switch fields["stop"] {
        case nil: break
        case .string(let text): stop = [text]
        case .array(let values):
            for value in values {
                guard case .string(let text) = value else {
                    throw .invalid("stop", "stop holds \(value.summary); give texts", code: "invalid_type")
                }
                stop.append(text)
            }
        case let other?:
            throw .invalid("stop", "stop is \(other.summary); give a text or a list of texts", code: "invalid_type")
        }
        let top = try fields.integer("top_logprobs")
        if try fields.bool("logprobs") ?? false {
            logprobs = try ChatRequest.checked("top_logprobs", top ?? 0, 0...20)
        } else if let top, top != 0 {
            throw .invalid("top_logprobs", "top_logprobs is \(top) without logprobs; set logprobs to true")
        }
    }
}
