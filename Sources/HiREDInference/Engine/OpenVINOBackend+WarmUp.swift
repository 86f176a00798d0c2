import Foundation
import Scheduling

extension OpenVINOBackend {
    func warmUpPlan(_ engine: Engine) -> WarmUpPlan {
        WarmUpPlan(
            stepTokens: options.maximumStepTokens,
            capacity: min(engine.limits.context, scheduler.pool.freeBlocks * scheduler.pool.blockSize),
            tokensPerView: engine.pipeline.reader.tokensPerView)
    }

    /// Computes `count` tokens after `past` that are not computed: their keys and values are whatever the blocks hold.
    func prefill(_ engine: Engine, _ count: Int, past: Int) throws { _ = try timeStep([past..<(past + count)]) }

    /// Continues a short prompt one token at a time.
    func decode(_ engine: Engine, steps: Int) throws {
        for step in 0..<steps { _ = try timeStep([(step + 1)..<(step + 2)]) }
    }

    /// Milliseconds of one bare step on blocks that hold nothing, on embeddings of one token; copies and inputs are set
    /// before the clock starts.
    ///
    /// - Parameter sequences: positions that each sequence computes.
    /// - Throws: `InferenceError.cacheTooSmall` when there are not as many such blocks.
    func timeStep(_ sequences: [Range<Int>]) throws -> Double {
        let counts = sequences.map { BlockPool.blocks(forTokens: $0.upperBound, blockSize: language.cache.blockSize) }
        let needed = counts.reduce(0, +)
        let time = try scheduler.lendFreeBlocks(needed) { blocks in
            var (step, used) = (Step(), 0)
            for (number, positions) in sequences.enumerated() {
                step.entries.append(
                    StepEntry(
                        id: UInt64(number), positions: positions,
                        blockTable: Array(blocks[used..<(used + counts[number])]), samples: true))
                used += counts[number]
            }
            let contents = sequences.map {
                PromptContent([Int32](repeating: 5, count: $0.upperBound), imageToken: -1, images: [])
            }
            try language.load(step) { contents[$0] }
            let start = ContinuousClock.now
            try language.run(step) { _, _ in }
            return (ContinuousClock.now - start) / .milliseconds(1)
        }
        guard let time else {
            throw InferenceError.cacheTooSmall(
                needed: needed * language.cache.bytesPerBlock,
                available: scheduler.pool.freeBlocks * language.cache.bytesPerBlock, fittingBudget: 0)
        }
        return time
    }
}
