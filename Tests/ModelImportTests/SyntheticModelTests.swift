import Checkpoints
import ElementTypes
import Foundation
import ModelGraphs
import Testing

@testable import ModelImport

/// Made-up checkpoints of published shapes, their weights not written.
@Suite struct SyntheticModelTests {
    @Test(arguments: [SyntheticModel.llava7B, .internVL1B, .internVL2B, .internVL8B])
    func everyGraphFindsItsWeights(_ model: SyntheticModel) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let checkpoint = try model.checkpoint(in: folder, seed: 1)
        var used: Set<String> = []
        let planner = try ImportPlanner(checkpoint, weights: .int4, visionWeights: .f16)
        for part in GraphPart.allCases {
            for item in try planner.plan(part).items { used.insert(item.entry.name) }
        }
        // Nothing is made up that no graph reads, the separator aside.
        #expect(Set(checkpoint.weights.tensors.keys).subtracting(used).subtracting(["image_newline"]).isEmpty)
        let parameters = checkpoint.weights.tensors.values.reduce(0) { $0 + $1.elementCount }
        let millions = parameters / 1_000_000
        let expected: ClosedRange<Int> =
            switch model {
            case .vicuna7B, .vicuna13B, .mistral7B, .llava7B: 7000...7200
            case .internVL1B: 900...960
            case .internVL2B: 2050...2120
            case .internVL8B: 7900...8000
            }
        #expect(expected.contains(millions), "\(millions) million")
        #expect(checkpoint.config.tokensPerView == (checkpoint.config.family == .internVL ? 256 : 576))
        let bytes = [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
            // Layer scales and norms are ones.
            let name = checkpoint.weights.tensors.keys.sorted().first { $0.contains("norm") && $0.hasSuffix("weight") }
            if let name, let entry = checkpoint.weights.tensors[name] {
                try? checkpoint.weights.read(entry, at: 0, into: UnsafeMutableRawBufferPointer(buffer))
            }
            count = 64
        }
        #expect(stride(from: 0, to: 64, by: 2).allSatisfy { bytes[$0] == 0 && bytes[$0 + 1] == 0x3C })
    }
}
