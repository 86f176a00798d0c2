import Foundation
import HTTPTypes
import HiREDInference
import Hummingbird
import HummingbirdCore
import OrderedJSON

/// Answers `GET /v1/models` and `GET /v1/models/NAME`.
struct ModelList: Sendable {
    let served: ServedModel
    let options: ServerOptions

    func list() -> Response { JSONAnswer.response(["object": "list", "data": [entry]]) }

    func one(_ name: String) throws -> Response {
        _ = try ModelName(name.removingPercentEncoding ?? name, served: options.modelName)
        return JSONAnswer.response(entry)
    }

    private var entry: JSONValue {
        var own: JSONObject = [
            "budget": .string(options.usesAutoBudget ? "auto" : "\(options.selection.budget)"),
            "strategies": .array(StrategyName.allCases.map { .string($0.rawValue) }),
            "allocations": .array(Allocation.allCases.map { .string($0.rawValue) }),
            "max_images": .integer(options.limits.images), "max_body_bytes": .integer(options.limits.bodyBytes),
            "max_pixels": .integer(options.limits.pixels),
        ]
        var defaults: JSONObject = [
            "strategy": .string(options.selection.strategy.rawValue), "alpha": .number(options.selection.alpha),
            "allocation": .string(options.selection.allocation.rawValue), "max_tokens": .integer(options.answerTokens),
        ]
        if let model = served.model {
            let config = model.description.config
            own["context_length"] = .integer(config.text.maximumPositions)
            defaults["temperature"] = JSONValue(model.defaultSampling.temperature)
            defaults["top_p"] = JSONValue(model.defaultSampling.topP)
            own["tile"] = .integer(config.vision.imageSize)
            if let layout = try? model.layout(for: PixelSize(width: 64, height: 64)) {
                own["tokens_per_side"] = .integer(layout.side)
            }
        }
        own["defaults"] = .object(defaults)
        return [
            "id": .string(options.modelName), "object": "model", "created": .integer(served.created),
            "owned_by": "hired", "hired": .object(own),
        ]
    }
}
