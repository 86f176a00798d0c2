package import HiREDInference

/// A token of an answer as JSON: its text, id and log probability, and the likeliest ones in its place.
package struct LogprobsReport: Codable, Sendable, Equatable {
    package struct Alternative: Codable, Sendable, Equatable {
        package var token: String
        package var id: Int32
        package var logprob: Float
    }

    package var token: String
    package var id: Int32
    package var logprob: Float
    package var top: [Alternative]

    package init(_ drawn: TokenLogprobs, _ tokenizer: Tokenizer) {
        // A model may know more ids than its tokenizer.
        func text(_ id: Int32) -> String { tokenizer.text(of: id) ?? "" }
        token = text(drawn.id)
        id = drawn.id
        logprob = drawn.logprob
        top = drawn.top.map { Alternative(token: text($0.id), id: $0.id, logprob: $0.logprob) }
    }
}
