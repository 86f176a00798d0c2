import Failures
import Synchronization

/// Where the engine and the admission count, and readers look. Locked for moments only.
final class EngineMetrics: Sendable {
    private let state = Mutex(EngineStatistics())

    func update(_ body: (inout EngineStatistics) -> Void) { state.withLock { body(&$0) } }

    var statistics: EngineStatistics { state.withLock { $0 } }

    func refuse(_ error: any Error) {
        let kind = (error as? any Failure)?.kind ?? .internal
        state.withLock { $0.refused[kind, default: 0] += 1 }
    }

    func end(_ error: (any Error)?, _ reason: GenerationResult.FinishReason?) {
        let name =
            switch error {
            case is CancellationError: GenerationResult.FinishReason.cancelled.rawValue
            case let error as any Failure: error.kind.rawValue
            case .some: FailureKind.internal.rawValue
            case nil: (reason ?? .cancelled).rawValue
            }
        state.withLock { $0.ended[name, default: 0] += 1 }
    }
}
