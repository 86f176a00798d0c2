import Foundation
import HTTPTypes
package import HiREDInference
import Synchronization

/// The model behind a server, from before it is loaded to after it takes no more requests.
package final class ServedModel: Sendable {
    private enum Stage: Sendable {
        case loading
        case warming(VisionLanguageModel)
        case ready(VisionLanguageModel, CostModel)
    }

    private let stage = Mutex(Stage.loading)
    /// Seconds since 1970.
    let created = Int(Date().timeIntervalSince1970)

    package init() {}

    package enum Status: String, Sendable {
        case warming, ready, draining
        /// The language model is served elsewhere, and none of its servers can be reached.
        case unavailable
    }

    package var status: Status {
        stage.withLock { stage in
            switch stage {
            case .loading: .warming
            case .warming(let model): model.isAccepting ? .warming : .draining
            case .ready(let model, _):
                !model.isAccepting ? .draining : model.unavailability == nil ? .ready : .unavailable
            }
        }
    }

    /// The model, once it is loaded.
    package var model: VisionLanguageModel? {
        stage.withLock { stage in
            switch stage {
            case .loading: nil
            case .warming(let model), .ready(let model, _): model
            }
        }
    }

    /// - Throws: `APIError` 503 until it is loaded.
    func loaded() throws(APIError) -> VisionLanguageModel {
        guard let model else {
            throw APIError(
                .serviceUnavailable, .server, "the model is being loaded; try again soon", code: "loading",
                retryAfterSeconds: 5)
        }
        return model
    }

    /// Takes a loaded model and warms it up.
    package func serve(_ model: VisionLanguageModel) async throws {
        stage.withLock { $0 = .warming(model) }
        let cost = try await model.warmUp()
        stage.withLock { $0 = .ready(model, cost) }
    }

    /// Seconds after which one of the requests that are held may have ended: its share of the promised tokens, at the
    /// speed of a step with as many rows as run.
    var retryAfterSeconds: Int {
        guard case .ready(let model, let cost) = stage.withLock({ $0 }) else { return 5 }
        let now = model.statistics()
        let held = now.running + now.waiting
        guard held > 0 else { return 1 }
        let running = max(now.running, 1)
        let step = cost.smallStepConstant + cost.smallStepPerRow * Double(running)
        let seconds = Double(now.promisedTokens) / Double(held) * step / 1000 / Double(running)
        return max(1, min(60, Int(seconds.rounded(.up))))
    }
}
