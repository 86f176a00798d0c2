import ElementTypes
import Foundation
import HiRED
import ModelGraphs
import ModelImport
import Testing
import VisionEncoding

/// Taps of every kind and layer against Transformers 4.57.6, in float32.
@Suite struct VisionTapTests {
    static let names = TapFixture.pictures.keys.sorted()
    /// Of the fixtures' towers.
    private static let layers = 3

    private func expectTaps(of url: URL, equal fixture: TapFixture, within tolerance: Float, _ name: String) throws {
        // The kinds of taps in graphs of their own, then all of them in one.
        let kinds = VisionTap.Kind.allCases.filter { $0 != .projected }
        for kinds in kinds.map({ [$0] }) + [kinds] {
            let taps = kinds.flatMap { kind in (0..<Self.layers).map { VisionTap(kind, layer: .index($0)) } }
            let strategy = RecordingStrategy(Set(taps + [.projected]))
            _ = try ImagePipeline.exact(url).run(fixture.picture, strategy)
            for tap in taps {
                guard case .index(let layer) = tap.layer else { continue }
                let expected = try fixture.array("\(tap.kind.rawValue).\(layer)")
                #expect(try relativeDifference(try strategy.values(of: tap), expected) < tolerance, "\(name): \(tap)")
            }
            let projected = try strategy.values(of: .projected)
            #expect(try relativeDifference(projected, try fixture.array("projected")) < tolerance, "\(name)")
        }
    }

    @Test(arguments: names)
    func checkpointsGiveTransformersValues(name: String) throws {
        let fixture = try TapFixture(name)
        try expectTaps(of: fixture.checkpoint, equal: fixture, within: 1e-5, name)
    }

    @Test(arguments: names)
    func importedFoldersGiveTransformersValues(name: String) throws {
        let fixture = try TapFixture(name)
        let scratch = try Scratch()
        try expectTaps(of: fixture.imported(vision: .f16, to: scratch), equal: fixture, within: 1e-5, name)
    }

    /// Against matrices rounded in Python.
    @Test(arguments: names)
    func foldersOfInt8GiveTransformersValues(name: String) throws {
        let (rounded, stored) = (try TapFixture(name, weights: "int8"), try TapFixture(name))
        let scratch = try Scratch()
        let folder = try stored.imported(vision: .int8, to: scratch)
        try expectTaps(of: folder, equal: rounded, within: 1e-5, name)
        // The rounding is far above what the comparison allows.
        let difference = try relativeDifference(try rounded.array("keys.2"), try stored.array("keys.2"))
        #expect(difference > 1e-3, "\(difference)")
    }

    /// What an imported folder stores gives the same as what is emitted over its weights.
    @Test func layersByNameAreLayersByNumber() throws {
        let fixture = try TapFixture("next-mha")
        let scratch = try Scratch()
        let pipeline = try ImagePipeline.exact(fixture.imported(vision: .int8, to: scratch))
        let named = VisionTap.Kind.allCases.flatMap { kind -> [(VisionTap, VisionTap, VisionTap)] in
            guard kind != .projected else { return [] }
            return [
                (.init(kind, layer: .first), .init(kind, layer: .index(0)), .init(kind, layer: .index(-3))),
                // Features are those of hidden state −2: the layer before the last.
                (.init(kind, layer: .final), .init(kind, layer: .index(1)), .init(kind, layer: .index(-2))),
            ]
        }
        let stored = RecordingStrategy([named[0].0, named[1].0])
        _ = try pipeline.run(fixture.picture, stored)
        #expect(pipeline.encoder.compilationCount == 1)
        let strategy = RecordingStrategy(Set(named.flatMap { [$0.0, $0.1, $0.2] }))
        _ = try pipeline.run(fixture.picture, strategy)
        #expect(pipeline.encoder.compilationCount == 2)
        for (name, number, fromEnd) in named {
            let values = try strategy.values(of: name)
            #expect(try strategy.values(of: number) == values)
            #expect(try strategy.values(of: fromEnd) == values)
        }
        for (name, _, _) in named.prefix(2) {
            #expect(
                try relativeDifference(try strategy.values(of: name), try stored.values(of: name)) < 1e-6, "\(name)")
        }
    }

    @Test(arguments: [VisionTap.Layer.index(3), .index(-4), .index(.max), .index(.min)])
    func layersThatAreNotThereAreRefused(layer: VisionTap.Layer) throws {
        let fixture = try TapFixture("llava-pad")
        let pipeline = try ImagePipeline.exact(fixture.checkpoint)
        for kind in VisionTap.Kind.allCases {
            #expect(throws: GraphError.self) {
                try pipeline.run(fixture.picture, RecordingStrategy([VisionTap(kind, layer: layer)]))
            }
        }
        #expect(pipeline.encoder.compilationCount == 1)
    }

    /// A folder of the build before lacks the end of a layer that its own graph does not need.
    @Test func whatAnOldFolderLacksIsNamed() throws {
        let fixture = try TapFixture("next-mha")
        let scratch = try Scratch()
        let folder = try fixture.imported(vision: .f16, to: scratch)
        var manifest = try ModelManifest(folder: folder)
        manifest.tensors.removeAll { $0.name.contains("encoder.layers.2.mlp") }
        try manifest.encoded().write(to: folder.appending(path: ModelManifest.fileName))
        let pipeline = try ImagePipeline.exact(folder)
        let keys = RecordingStrategy([VisionTap(.keys, layer: .index(2))])
        _ = try pipeline.run(fixture.picture, keys)
        #expect(try keys.values(of: VisionTap(.keys, layer: .index(2))).count == 3 * 16 * 32)
        let error = #expect(throws: GraphError.self) {
            try pipeline.run(fixture.picture, RecordingStrategy([VisionTap(.features, layer: .index(2))]))
        }
        #expect(error.map { "\($0)" }?.contains("layers.2.mlp") == true)
        #expect(error.map { "\($0)" }?.contains("import the checkpoint again") == true)
    }

    @Test func aManifestThatContradictsItselfIsRefused() throws {
        let fixture = try TapFixture("next-mha")
        let scratch = try Scratch()
        let folder = try fixture.imported(vision: .int8, to: scratch)
        let sound = try ModelManifest(folder: folder)
        let place = try #require(sound.tensors.firstIndex { $0.part == .vision && $0.scaleOffset != nil })
        let changes: [(inout ModelManifest.Tensor) -> Void] = [
            { $0.offset = 1 << 40 }, { $0.offset = -64 }, { $0.byteCount += 1 }, { $0.type = "f8" },
            { $0.shape = [-1, -1] }, { $0.shape = [.max, .max] }, { $0.groupSize = 0 }, { $0.groupSize = 7 },
            { $0.groupSize = nil }, { $0.scaleOffset = .max }, { $0.scaleOffset = 1 << 40 }, { $0.shape = [] },
        ]
        for change in changes {
            var manifest = sound
            change(&manifest.tensors[place])
            try manifest.encoded().write(to: folder.appending(path: ModelManifest.fileName))
            #expect(throws: GraphError.self) {
                try ImagePipeline.exact(folder)
                    .run(fixture.picture, RecordingStrategy([VisionTap(.keys, layer: .index(1))]))
            }
        }
    }
}
