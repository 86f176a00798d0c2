import Foundation
import VisionEncoding

extension Engine {
    /// Runs the shapes that matter, between two steps, so that the first question does not pay for the repacking of
    /// weights; what it measures on the way is what a cost model is fitted to.
    ///
    /// Writes into blocks that hold nothing: neither running requests nor cached prompts lose any.
    ///
    /// - Parameter progress: called before each shape; stops the warm-up by throwing.
    /// - Throws: what `progress` throws, `OpenVINOError`, `InferenceError`.
    func warmUp(progress: (WarmUpProgress) throws -> Void) throws -> CostMeasurements {
        let plan = backend.warmUpPlan(self)
        var done = 0
        func next(_ shape: WarmUpProgress.Shape) throws {
            try progress(WarmUpProgress(shape: shape, done: done, total: plan.count))
            done += 1
        }
        var measured = CostMeasurements()
        measured.cacheBytesPerToken = backend.bytesPerBlock / backend.blockSize
        for count in plan.views {
            try next(.views(count))
            let times = try measure { _ in try pipeline.encodeBlank(views: count) }
            measured.views.append(.init(count: count, milliseconds: times.typical))
            if count == plan.views.first { measured.coldMilliseconds += times.surplus }
        }
        for count in plan.projections {
            try next(.projection(tokens: count))
            let times = try measure { try pipeline.projectBlank(tokens: count - min($0, count - 1)) }
            measured.projections.append(.init(count: count - min(times.run, count - 1), milliseconds: times.typical))
        }
        var memory: [(tokens: Int, bytes: Int)] = []
        for (number, prefill) in plan.prefills.enumerated() {
            try next(.prefill(tokens: prefill.tokens))
            let times = try measure {
                try backend.prefill(self, prefill.tokens - min($0, prefill.tokens - 1), past: prefill.past)
            }
            measured.prefills.append(
                .init(
                    tokens: prefill.tokens - min(times.run, prefill.tokens - 1), past: prefill.past,
                    milliseconds: times.typical))
            if number == 0 { measured.coldMilliseconds += times.surplus }
            if prefill.past == 0 { memory.append((prefill.tokens, MemoryUsage.current().anonymous)) }
        }
        try next(.decode)
        try backend.decode(self, steps: 2)
        measure(memory, into: &measured)
        costs.isWarm = true
        return measured
    }

    /// What a shape takes once it has run, and how much longer its first run took.
    private struct Times {
        var typical: Double
        var surplus: Double
        /// The run that `typical` is the time of.
        var run: Int
    }

    /// Runs a shape once to have it over with, then again: long ones once, short ones thrice for the middle one.
    ///
    /// - Parameter body: is told the number of the run, from 0. A prompt of a new length pays for a shape of its own, as
    ///   those of questions do, so prompts are varied by a token.
    private func measure(_ body: (Int) throws -> Void) rethrows -> Times {
        func run(_ number: Int) throws -> Double {
            let start = ContinuousClock.now
            try body(number)
            return (ContinuousClock.now - start) / .milliseconds(1)
        }
        let first = try run(0)
        var times = [try run(1)]
        if times[0] < 100 { times += [try run(2), try run(3)] }
        let order = times.indices.sorted { times[$0] < times[$1] }
        let middle = order[order.count / 2]
        return Times(typical: times[middle], surplus: max(first - times[middle], 0), run: middle + 1)
    }

    /// Splits what the process holds into keys and values, activations, and everything else.
    private func measure(_ memory: [(tokens: Int, bytes: Int)], into measured: inout CostMeasurements) {
        func cacheBytes(_ tokens: Int) -> Int {
            (tokens + backend.blockSize - 1) / backend.blockSize * backend.bytesPerBlock
        }
        let rest = memory.map { (tokens: $0.tokens, bytes: max($0.bytes - cacheBytes($0.tokens), 0)) }
        guard let first = rest.first, let last = rest.last else { return }
        if last.tokens > first.tokens {
            measured.stepBytesPerToken = max((last.bytes - first.bytes) / (last.tokens - first.tokens), 0)
        }
        measured.baseBytes = max(last.bytes - last.tokens * measured.stepBytesPerToken, 0)
    }
}

extension ImagePipeline {
    /// Encodes black pictures.
    func encodeBlank(views count: Int) throws {
        let view = VisionEncoder.View(taps: []) { $0.update(repeating: 0) }
        _ = try encoder.encode([VisionEncoder.View](repeating: view, count: count))
    }

    /// Projects tokens of zeros.
    func projectBlank(tokens: Int) throws {
        _ = try projector.project([Float](repeating: 0, count: tokens * encoder.width))
    }
}
