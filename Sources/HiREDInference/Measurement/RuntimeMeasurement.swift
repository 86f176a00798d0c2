import HiRED
import ModelGraphs
import VisionEncoding

/// Times of the bare compiled models, in milliseconds: nothing of ours but the inputs, which are set before the clock
/// starts.
public struct RuntimeMeasurement: Sendable {
    /// A prompt of each length, alone, by length.
    public var prefill: [Int: Double] = [:]
    /// One step in which so many sequences decode behind prompts of a length.
    public var decode: [DecodeShape: Double] = [:]
    /// Views encoded together, by their number.
    public var vision: [Int: Double] = [:]

    public struct DecodeShape: Hashable, Sendable {
        public var batch: Int
        public var context: Int

        public init(batch: Int, context: Int) {
            self.batch = batch
            self.context = context
        }
    }
}

extension VisionLanguageModel {
    /// Times the bare language model on a shape, best called several times and between other measurements. Takes its
    /// turn between two steps, and writes into blocks that hold nothing.
    ///
    /// - Throws: `InferenceError.cacheTooSmall` when there are not as many such blocks.
    public func measureRuntime(prefill tokens: Int) async throws -> Double {
        try await worker.perform { try $0.openVINO().timeStep([0..<tokens]) }
    }

    /// Times one step that reads `rows` tokens of a prompt behind `past`, beside `answers` that decode behind as many.
    public func measureRuntime(rows: Int, past: Int, answers: Int = 0) async throws -> Double {
        try await worker.perform { engine in
            let decoding = (0..<answers).map { _ in past..<(past + 1) }
            return try engine.openVINO().timeStep(decoding + (rows > 0 ? [past..<(past + rows)] : []))
        }
    }

    /// Times one step of `batch` sequences behind `context` tokens each.
    public func measureRuntime(decode shape: RuntimeMeasurement.DecodeShape) async throws -> Double {
        try await worker.perform { engine in
            try engine.openVINO().timeStep((0..<shape.batch).map { _ in shape.context..<(shape.context + 1) })
        }
    }

    /// Times one matrix product of 2048 × 4096 × 4096 with the language model's kind of weights and its properties, the
    /// median of three: the floor of prefill, in floating-point operations a second.
    public func measureProductRate() async throws -> Double {
        try await worker.perform { [description, compilation] _ in
            let probe = try MatrixProbe(GraphCompiler(openGraphSource(description.url), compilation))
            let times = try (0..<3).map { _ in try probe.time() }.sorted()
            return MatrixProbe.operations / (times[1] / 1000)
        }
    }

    /// Times the bare vision tower on so many views.
    public func measureRuntime(views: Int) async throws -> Double {
        try await worker.perform { try $0.pipeline.encoder.timeViews(views) }
    }
}

extension Engine {
    /// - Throws: `InferenceError.invalidOption` where the language model is served elsewhere: its steps cannot be timed.
    fileprivate func openVINO() throws -> OpenVINOBackend {
        guard let backend = backend as? OpenVINOBackend else {
            throw InferenceError.invalidOption(
                .languageModelURL, "given for measurements of the runtime", remedy: "leave it out")
        }
        return backend
    }
}

extension VisionEncoder {
    fileprivate func timeViews(_ count: Int) throws -> Double {
        let views = (0..<count).map { number in
            View(taps: []) { target in
                for index in target.indices { target[index] = UInt8(truncatingIfNeeded: index &* 31 &+ number) }
            }
        }
        return try time(views)
    }
}
