import Inference
import Tokenization

/// A token of an answer as JSON: its text, id and log probability, and the likeliest ones in its place.
struct LogprobsReport: Encodable {
    struct Alternative: Encodable {
        var token: String
        var id: Int32
        var logprob: Float
    }

    var token: String
    var id: Int32
    var logprob: Float
    var top: [Alternative]

    init(_ drawn: TokenLogprobs, _ tokenizer: Tokenizer) {
        // A model may know more ids than its tokenizer.
        func text(_ id: Int32) -> String { tokenizer.text(of: id) ?? "" }
        token = text(drawn.id)
        id = drawn.id
        logprob = drawn.logprob
        top = drawn.top.map { Alternative(token: text($0.id), id: $0.id, logprob: $0.logprob) }
    }
}
