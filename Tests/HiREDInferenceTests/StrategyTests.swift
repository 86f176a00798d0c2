import Checkpoints
import ElementTypes
import Foundation
import HiRED
import ImageProcessing
import ModelImport
import Testing
import VisionEncoding

@testable import HiREDInference

/// Strategies with taps of their own, that merge, or that choose among projected tokens.
@Suite struct StrategyTests {
    /// The same strategy is stated in NumPy (tools/parity/taps.py); folders of both kinds, vision weights of both sizes.
    @Test(arguments: VisionTapTests.names, ["checkpoint", "f16", "int8"])
    func mergedRowsEqualTheReference(name: String, folder: String) throws {
        let fixture = try TapFixture(name, weights: folder == "int8" ? "int8" : "stored")
        let scratch = try Scratch()
        let url =
            switch folder {
            case "int8": try fixture.imported(vision: .int8, to: scratch)
            case "f16": try fixture.imported(vision: .f16, to: scratch)
            default: fixture.checkpoint
            }
        let pipeline = try ImagePipeline.exact(url)
        let result = try pipeline.run(fixture.picture, NearestMergeStrategy())
        let reference = try fixture.array("merged")
        #expect(result.tokens.kept == 4 * result.tokens.layout.partitionCount)
        #expect(result.tokens.perPartition.allSatisfy { $0 == 4 })
        #expect(result.embeddings.count == result.tokens.kept)
        #expect(try relativeDifference(result.embeddings.values, reference) < 1e-4)
        // Sums of projected tokens are other numbers: there is a bend in the projector.
        let late = try pipeline.run(fixture.picture, NearestMergeStrategy(mergesProjected: true))
        #expect(late.tokens.selection.kept == result.tokens.selection.kept)
        #expect(try relativeDifference(late.embeddings.values, reference) > 1e-3)
        let width = late.embeddings.values.count / late.embeddings.count
        let projected = try fixture.array("projected")
        var expected: [Float] = []
        for (_, merge) in late.tokens.selection.merges.sorted(by: { $0.key < $1.key }) {
            expected += (0..<width).map { column in
                merge.reduce(0) {
                    $0 + $1.weight
                        * projected[($1.partition * late.tokens.layout.tokensPerPartition + $1.index) * width + column]
                }
            }
        }
        #expect(try relativeDifference(late.embeddings.values, expected) < 1e-4)
    }

    @Test(arguments: VisionTapTests.names)
    func tokensChosenByProjectionAreNotProjectedAgain(name: String) throws {
        let fixture = try TapFixture(name)
        let pipeline = try ImagePipeline.exact(fixture.checkpoint)
        let all = RecordingStrategy([.projected])
        _ = try pipeline.run(fixture.picture, all)
        let projected = try all.values(of: .projected)
        let result = try pipeline.run(fixture.picture, LongestStrategy(), budget: 11)
        let (selection, count) = (result.tokens.selection, result.tokens.layout.tokensPerPartition)
        #expect(result.tokens.kept == 11)
        #expect(selection.allocation.budgets == selection.kept.map(\.count))
        let width = result.embeddings.values.count / 11
        var expected: [Float] = []
        for case .token(let partition, let index) in selection.slots {
            let row = partition * count + index
            expected += projected[(row * width)..<((row + 1) * width)]
        }
        #expect(result.embeddings.values == expected)
        // The longest of all, taken from any view.
        let lengths = (0..<(projected.count / width)).map { row in
            projected[(row * width)..<((row + 1) * width)].reduce(0) { $0 + $1 * $1 }
        }
        let shortest = try #require(
            selection.slots.compactMap { slot -> Float? in
                guard case .token(let partition, let index) = slot else { return nil }
                return lengths[partition * count + index]
            }.min())
        #expect(
            lengths.count { $0 > shortest } <= 10 + result.tokens.layout.totalTokens
                - result.tokens.layout.keepableTokens)
        #expect(pipeline.encoder.compilationCount == 1)
    }

    /// What the graph of cosines leads to is what the library computes by itself, and so are budgets under load.
    @Test(arguments: [StrategyName.scope, .vispruner, .divprune, .prumerge, .prumergePlus], VisionTapTests.names)
    func namedStrategiesEqualTheLibrary(name: StrategyName, checkpoint: String) throws {
        let fixture = try TapFixture(checkpoint)
        let pipeline = try ImagePipeline.exact(fixture.checkpoint)
        for allocation in name.allocations.isEmpty ? [nil] : name.allocations.map(Optional.some) {
            var options = SelectionOptions()
            (options.strategy, options.allocation) = (name, allocation)
            if name.takesBudget { options.budget = .tokens(11) }
            let result = try pipeline.run(fixture.picture, options)
            let strategy = try options.makeStrategy()
            let recorder = RecordingStrategy(strategy.allocationTaps.union(strategy.selectionTaps))
            _ = try pipeline.run(fixture.picture, recorder)
            let (layout, views) = (result.tokens.layout, recorder.views)
            #expect(views.count == layout.partitionCount)
            let shares = try strategy.allocate(options.budget, layout: layout, fullView: views[0])
            let expected = try strategy.select(
                shares, layout: layout, taps: zip(views, shares.budgets).map { $1 > 0 ? $0 : nil })
            #expect(result.tokens.selection.kept == expected.kept)
            #expect(result.tokens.selection.slots == expected.slots)
            #expect(result.tokens.selection.merges.count == expected.merges.count)
            #expect(result.embeddings.count == expected.count)
            #expect(result.tokens.kept <= options.mostTokens(of: layout))
            #expect(result.embeddings.values.allSatisfy { $0.isFinite })
            if name.obeysBudget { #expect(result.tokens.kept == 11) }
        }
    }

    /// More than the budget, tokens of views that were left out, budgets of another picture.
    @Test(arguments: [[3, 3, 3], [1, 1, 0], [1]])
    func choicesThatDoNotFitAreRefused(budgets: [Int]) throws {
        struct Careless: TokenDroppingStrategy {
            var budgets: [Int]
            var allocationTaps: Set<VisionTap> { [] }
            var selectionTaps: Set<VisionTap> { [] }
            func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
                -> TokenAllocation
            { TokenAllocation(budgets: budgets, budget: try budget.tokenCount(of: layout.totalTokens)) }
            func select(_ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?])
                throws(HiREDError) -> TokenSelection
            {
                try TokenSelection(
                    layout: layout, allocation: allocation, kept: budgets.map { Array(0..<max($0, 1)) },
                    separators: false)
            }
        }
        let fixture = try TapFixture("next-mha")
        let pipeline = try ImagePipeline.exact(fixture.checkpoint)
        #expect(throws: HiREDError.self) { try pipeline.run(fixture.picture, Careless(budgets: budgets), budget: 8) }
    }

    /// A view of each strategy in one engine: everyone gets what it gets alone.
    @Test func strategiesShareAnEngine() async throws {
        let model = try EngineFixture.model()
        var requests: [GenerationRequest] = []
        for number in 0..<6 {
            var request = try EngineFixture.request([number], budget: "40%", tokens: 8)
            switch number % 3 {
            case 0: request.selection.unnamedStrategy = UnnamedStrategy(label: "merge", NearestMergeStrategy())
            case 1: request.selection.unnamedStrategy = UnnamedStrategy(label: "longest", LongestStrategy())
            default: break
            }
            request.ignoresEndOfSequence = true
            requests.append(request)
        }
        var alone: [Answer] = []
        for request in requests { alone.append(try await model.aloneAnswer(request)) }
        let together = try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            for (number, request) in requests.enumerated() {
                group.addTask { (number, Answer(try await model.result(request))) }
            }
            return try await group.reduce(into: [Int: Answer]()) { $0[$1.0] = $1.1 }
        }
        for number in requests.indices { #expect(together[number] == alone[number], "\(number)") }
    }
}

/// Models that take the CLS token beside the patches.
@Suite struct ClassTokenTests {
    @Test func everyRowIsTransformers() throws {
        let fixture = try ParityFixture("llava-cls")
        let pipeline = try ImagePipeline.exact(fixture.checkpoint)
        for test in fixture.reference.cases {
            let result = try pipeline.run(.file(fixture.images.appending(path: test.images[0])), SelectionOptions())
            #expect(test.image_tokens == 17)
            #expect(result.tokens.full == 17 && result.tokens.kept == 17 && result.tokens.perPartition == [17])
            #expect(result.tokens.selection.slots.first == .classToken)
            let reference = try fixture.array("\(test.name).image_embeddings")
            #expect(try relativeDifference(result.embeddings.values, reference) < 1e-4)
        }
    }

    @Test(arguments: StrategyName.allCases.filter { $0 != .full })
    func droppingIsRefusedBeforeAnythingIsEncoded(name: StrategyName) throws {
        let fixture = try ParityFixture("llava-cls")
        let pipeline = try ImagePipeline.exact(fixture.checkpoint)
        let picture = ImageInput.file(fixture.images.appending(path: fixture.reference.cases[0].images[0]))
        var options = SelectionOptions()
        options.strategy = name
        if name.takesBudget { options.budget = .tokens(8) }
        let error = #expect(throws: HiREDError.classTokenKept) { try pipeline.run(picture, options) }
        #expect(error.map { "\($0)" }?.contains("give the budget full") == true)
    }

    /// The original layout's spelling: the patches' rows are those of `patch`, behind one more.
    @Test func originalLayoutsTakeItToo() throws {
        let fixture = try LayoutFixture("original-share4v")
        let scratch = try Scratch()
        func run(_ feature: String) throws -> ImagePipeline.Result {
            let checkpoint = scratch.url.appending(path: feature)
            try FileManager.default.copyItem(at: fixture.checkpoint, to: checkpoint)
            let config = checkpoint.appending(path: "config.json")
            let text = try String(contentsOf: config, encoding: .utf8)
            try text.replacing(
                "\"mm_vision_select_feature\": \"patch\"", with: "\"mm_vision_select_feature\": \"\(feature)\""
            )
            .write(to: config, atomically: true, encoding: .utf8)
            let folder = scratch.url.appending(path: feature + "-imported")
            try ModelImporter(options: .init(), createdBy: "test")
                .run(CheckpointFolder.open(checkpoint, visionTower: fixture.tower), to: folder)
            return try ImagePipeline.exact(folder)
                .run(.file(fixture.root.appending(path: "square.png")), SelectionOptions())
        }
        let (patches, all) = (try run("patch"), try run("cls_patch"))
        #expect(patches.tokens.kept == 16 && all.tokens.kept == 17)
        let width = patches.embeddings.values.count / 16
        #expect(try relativeDifference(Array(all.embeddings.values.dropFirst(width)), patches.embeddings.values) < 1e-5)
        let first = Array(all.embeddings.values.prefix(width))
        #expect(try relativeDifference(first, Array(patches.embeddings.values.prefix(width))) > 1e-2)
    }
}
