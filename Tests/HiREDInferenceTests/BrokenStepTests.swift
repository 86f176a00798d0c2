import Dispatch
import Foundation
import HiRED
import OpenVINO
import Scheduling
import Testing

@testable import HiREDInference

/// A step that breaks off in the middle leaves nothing behind that later steps could feel.
@Suite struct BrokenStepTests {
    /// Logits of the last token of a prompt.
    private static func logits(_ engine: Engine, tokens: Int) throws -> [Float] {
        let language = engine.openVINO.language
        let size = language.cache.blockSize
        let lent = try engine.openVINO.scheduler.lendFreeBlocks((tokens + size - 1) / size) { blocks in
            var step = Step()
            step.entries = [StepEntry(id: 0, positions: 0..<tokens, blockTable: blocks, samples: true)]
            let ids = (0..<tokens).map { Int32(4 + $0 % 500) }
            try language.load(step) { _ in PromptContent(ids, imageToken: -1, images: []) }
            var found: [Float] = []
            try language.run(step) { _, logits in found = Array(logits) }
            return found
        }
        return try #require(lent)
    }

    @Test(arguments: [1, 2, 5, 70])
    func theNextStepComputesWhatItWouldHave(tokens: Int) async throws {
        let model = try EngineFixture.model()
        let broken = try await model.drive { engine in
            let expected = try Self.logits(engine, tokens: tokens)
            var broken = 0
            for round in 0..<40 {
                let other = [300, 7, tokens, 129][round % 4]
                let canceller = engine.openVINO.language.makeCanceller()
                let cancelled = DispatchGroup()
                let delay = DispatchTime.now() + .microseconds(50 * round)
                cancelled.enter()
                DispatchQueue.global().asyncAfter(deadline: delay) {
                    canceller.cancel()
                    cancelled.leave()
                }
                do { _ = try Self.logits(engine, tokens: other) } catch { broken += 1 }
                cancelled.wait()
                #expect(try Self.logits(engine, tokens: tokens) == expected, "round \(round)")
                #expect(try Self.logits(engine, tokens: tokens) == expected, "round \(round)")
            }
            return broken
        }
        #expect(broken > 0)
    }

    @Test func theShapeThatMendsIsNoneOfThoseLeftBehind() {
        func step(_ positions: [Range<Int>], blocks: Int) -> Step {
            var step = Step()
            step.entries = positions.enumerated().map {
                StepEntry(
                    id: UInt64($0), positions: $1, blockTable: [BlockID](repeating: 0, count: blocks), samples: true)
            }
            return step
        }
        var shapes = StepShapes()
        #expect(!shapes.areMixed)
        // One sequence: 1 and 2 are taken, 3 blocks too, and 4 would make as many begins as 5 tokens.
        shapes.noteWhole(step([0..<5], blocks: 3))
        #expect(!shapes.areMixed && shapes.unusedCount == 6)
        shapes.noteBroken(step([0..<6, 0..<1], blocks: 4))
        #expect(shapes.areMixed && shapes.unusedCount == 9)
        shapes.noteWhole(step([0..<1], blocks: 1))
        #expect(!shapes.areMixed && shapes.unusedCount == 3)
    }
}
