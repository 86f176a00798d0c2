import ElementTypes
import Foundation
import ModelGraphs
import Testing

@testable import ModelImport

@Suite struct ImporterTests {
    private struct Stop: Error, Equatable {}

    /// At the first report, in the middle, and at the last.
    @Test(arguments: [1, 3] as [Int])
    func anInterruptedImportLeavesNothing(_ threads: Int) throws {
        let checkpoint = try TestCheckpoint()
        var reports = 0
        try checkpoint.run(to: checkpoint.scratch.appending(path: "whole"), threads: threads) { _ in reports += 1 }
        #expect(reports > 20)
        for moment in [1, 2, reports / 2, reports] {
            var count = 0
            var partial: [String] = []
            #expect(throws: Stop()) {
                try checkpoint.run(threads: threads) { _ in
                    count += 1
                    if count == moment {
                        partial = checkpoint.remains
                        throw Stop()
                    }
                }
            }
            #expect(partial == ["model.partial"])
            #expect(count == moment)
            #expect(checkpoint.remains.isEmpty, "\(moment)")
        }
        // And the next one works.
        try checkpoint.run()
        #expect(checkpoint.remains == ["model"])
    }

    @Test(arguments: WeightFormat.allCases)
    func progressRisesToItsTotal(_ weights: WeightFormat) throws {
        let checkpoint = try TestCheckpoint()
        var (last, totals) = (0, Set<Int>())
        var rises = true
        let summary = try checkpoint.run(weights: weights, threads: 3) { progress in
            rises = rises && progress.done > last
            last = progress.done
            totals.insert(progress.total)
        }
        #expect(rises)
        #expect(totals == [last])
        #expect(summary.bytesRead == last)
        let written = try TestCheckpoint.files(checkpoint.destination).filter { $0.key.hasSuffix(".bin") }
        #expect(summary.bytesWritten == written.values.reduce(0) { $0 + $1.count })
    }

    /// However many threads there are, and in whatever order they finish.
    @Test(arguments: WeightFormat.allCases)
    func twoImportsAreTheSame(_ weights: WeightFormat) throws {
        let checkpoint = try TestCheckpoint()
        let folders = [1, 4, 4].enumerated().map { ($1, checkpoint.outputs.appending(path: "\($0)")) }
        for (threads, folder) in folders { try checkpoint.run(to: folder, weights: weights, threads: threads) }
        let files = try folders.map { try TestCheckpoint.files($0.1) }
        #expect(files[0].count > 10)
        #expect(files[1] == files[0])
        #expect(files[2] == files[0])
    }

    /// Formats as they were asked for: what each part's matrices are stored as.
    @Test func formatsAreThoseAskedFor() throws {
        let checkpoint = try TestCheckpoint()
        func types(_ weights: WeightFormat, _ vision: WeightFormat) throws -> [GraphPart: Set<String>] {
            let folder = checkpoint.outputs.appending(path: "\(weights)-\(vision)")
            let manifest = try checkpoint.run(to: folder, weights: weights, vision: vision).manifest
            #expect(try ModelManifest(folder: folder) == manifest)
            let matrices = manifest.tensors.filter { $0.shape.count == 2 && !$0.name.contains("position_embedding") }
            return Dictionary(grouping: matrices, by: \.part).mapValues { Set($0.map(\.type)) }
        }
        #expect(
            try types(.f16, .f16)
                == [.vision: ["f16"], .projector: ["f16"], .languageModel: ["f16"], .textEmbeddings: ["f16"]])
        #expect(
            try types(.int8, .int8)
                == [.vision: ["i8"], .projector: ["i8"], .languageModel: ["i8"], .textEmbeddings: ["i8"]])
        // The head and the token table stay at 8 bits, and so do matrices 48 wide; 96 is three groups of 32.
        #expect(
            try types(.int4, .f16)
                == [.vision: ["f16"], .projector: ["f16"], .languageModel: ["i4", "i8"], .textEmbeddings: ["i8"]])
    }
}
