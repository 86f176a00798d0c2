import HiRED
import OpenVINO
import Scheduling

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
    /// Times the bare language model on a shape, best called several times and between other measurements.
    ///
    /// - Throws: `InferenceError.cacheTooSmall` when the shape does not fit the cache.
    public func measureRuntime(prefill tokens: Int) throws -> Double {
        try engine.language.timeStep([(0..<tokens, 0)], samples: true)
    }

    /// Times one step of `batch` sequences behind `context` tokens each.
    public func measureRuntime(decode shape: RuntimeMeasurement.DecodeShape) throws -> Double {
        let blocks = KeyValueCache.blockCount(tokens: shape.context + 1)
        return try engine.language.timeStep(
            (0..<shape.batch).map { (shape.context..<(shape.context + 1), $0 * blocks) }, samples: true)
    }

    /// Times the bare vision tower on so many views.
    public func measureRuntime(views: Int) throws -> Double { try engine.pipeline.encoder.timeViews(views) }
}

extension LanguageModel {
    /// Runs one step whose sequences lie behind each other in the cache, on embeddings that are all small numbers.
    ///
    /// - Parameter sequences: positions to compute, and the first block of each.
    fileprivate func timeStep(_ sequences: [(positions: Range<Int>, block: Int)], samples: Bool) throws -> Double {
        var step = Step()
        for (number, sequence) in sequences.enumerated() {
            let blocks = KeyValueCache.blockCount(tokens: sequence.positions.upperBound)
            guard sequence.block + blocks <= cache.blockCount else {
                throw InferenceError.cacheTooSmall(
                    needed: (sequence.block + blocks) * cache.bytesPerBlock,
                    available: cache.blockCount * cache.bytesPerBlock, fittingBudget: 0)
            }
            step.entries.append(
                StepEntry(
                    id: UInt64(number), positions: sequence.positions,
                    blockTable: (sequence.block..<(sequence.block + blocks)).map { Int32($0) }, samples: samples))
        }
        let contents = step.entries.map { entry in
            PromptContent([Int32](repeating: 5, count: entry.positions.upperBound), imageToken: -1, images: [])
        }
        try load(step) { contents[$0] }
        let start = ContinuousClock.now
        try run(step) { _, _ in }
        return (ContinuousClock.now - start) / .milliseconds(1)
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
