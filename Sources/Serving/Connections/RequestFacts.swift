import HiREDInference
import Synchronization

/// What is logged of a request: numbers and names, and nothing of what was asked or answered.
final class RequestFacts: Sendable {
    struct Values: Sendable {
        var id = ""
        /// The model as the client wrote it.
        var model: String?
        var usage: Usage?
        var finishReason: String?
        var millisecondsToFirstToken: Double?
        /// What became of it, where the status does not tell.
        var outcome: String?
    }

    private let values = Mutex(Values())

    var current: Values { values.withLock { $0 } }
    var id: String { values.withLock { $0.id } }

    func update(_ body: (inout Values) -> Void) { values.withLock { body(&$0) } }

    func note(_ result: GenerationResult) {
        update { values in
            values.usage = Usage(result)
            values.finishReason = result.finishReason.rawValue
            values.millisecondsToFirstToken = result.timings.timeToFirstToken
        }
    }
}
