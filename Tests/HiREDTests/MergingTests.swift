import Testing

@testable import HiRED

/// Selections that merge, rows gathered by selections, and what is refused.
@Suite struct MergingTests {
    private let layout: PartitionLayout
    private let allocation: TokenAllocation

    init() throws {
        layout = try letterboxed(rows: 2, columns: 2, side: 3, image: PixelSize(width: 72, height: 72))
        allocation = TokenAllocation(budgets: [2, 2, 2, 0, 1], budget: 7)
    }

    /// Row t of view p is (100p + t, −t).
    private var views: [[Float]?] {
        (0..<5).map { view -> [Float]? in
            guard view != 3 else { return nil }
            return (0..<9).flatMap { token -> [Float] in [Float(100 * view + token), Float(-token)] }
        }
    }

    private func token(_ partition: Int, _ index: Int, _ weight: Float = 1) -> WeightedToken {
        WeightedToken(partition: partition, index: index, weight: weight)
    }

    @Test func mergedTokensArePackedAsChosenOnesAre() throws {
        let kept = [[0, 4], [2, 7], [1, 8], [], [3]]
        let plain = try TokenSelection(layout: layout, allocation: allocation, kept: kept, separators: false)
        let sums = [
            [[], [token(0, 4, 0.5), token(0, 5, 0.25)]], [[token(1, 2, 2)], []], [[], [token(2, 8), token(0, 1, -1)]],
            [],
            [[token(4, 0)]],
        ]
        let merged = try TokenSelection(layout: layout, allocation: allocation, kept: kept, merging: sums)
        #expect(plain.merges.isEmpty)
        #expect(merged.kept == kept)
        #expect(merged.count == plain.count)
        #expect(merged.slots == plain.slots)
        #expect(
            plain.slots.map { if case .token(let partition, _) = $0 { partition } else { -1 } } == [
                0, 0, 1, 2, 1, 2, 4,
            ])
        // By slot, not by partition: tile 2 lies beside tile 1.
        #expect(merged.merges == [1: sums[0][1], 2: sums[1][0], 5: sums[2][1], 6: sums[4][0]])

        #expect(try plain.rows(of: views, width: 2) == [0, 0, 4, -4, 102, -2, 201, -1, 107, -7, 208, -8, 403, -3])
        #expect(
            try merged.rows(of: views, width: 2)
                == [0, 0, 3.25, -3.25, 204, -4, 201, -1, 107, -7, 207, -7, 400, 0])
    }

    @Test func separatorsGoWithMergedTokens() throws {
        let selection = try TokenSelection(
            layout: layout, allocation: allocation, kept: [[], [0], [], [], []],
            merging: [[], [[token(1, 0, 3)]], [], [], []],
            separators: true)
        #expect(selection.slots == [.token(partition: 1, index: 0), .separator])
        #expect(selection.merges == [0: [token(1, 0, 3)]])
        #expect(try selection.rows(of: views, width: 2) == [300, 0])
    }

    @Test(arguments: [
        [[[WeightedToken]]](), [[], [], [], [], []],
        [[[WeightedToken(partition: 5, index: 0, weight: 1)]], [], [], [], []],
        [[[WeightedToken(partition: -1, index: 0, weight: 1)]], [], [], [], []],
        [[[WeightedToken(partition: 0, index: 9, weight: 1)]], [], [], [], []],
        [[[WeightedToken(partition: 0, index: -1, weight: 1)]], [], [], [], []],
        [[[WeightedToken(partition: 0, index: 0, weight: .nan)]], [], [], [], []],
    ])
    func sumsThatCannotBeAreRefused(sums: [[[WeightedToken]]]) {
        #expect(throws: HiREDError.self) {
            try TokenSelection(layout: layout, allocation: allocation, kept: [[1], [], [], [], []], merging: sums)
        }
    }

    @Test(arguments: [[[Int]](), [[0]], [[1, 0], [], [], [], []], [[0, 0], [], [], [], []], [[9], [], [], [], []]])
    func choicesThatCannotBeAreRefused(kept: [[Int]]) {
        #expect(throws: HiREDError.self) {
            try TokenSelection(layout: layout, allocation: allocation, kept: kept, separators: false)
        }
    }

    @Test func rowsThatAreNotThereAreRefused() throws {
        let lost = try TokenSelection(
            layout: layout, allocation: allocation, kept: [[], [], [], [0], []], separators: false)
        let far = try TokenSelection(
            layout: layout, allocation: allocation, kept: [[0], [], [], [], []],
            merging: [[[token(0, 0), token(3, 2)]], [], [], [], []])
        for selection in [lost, far] {
            #expect(throws: HiREDError.self) { try selection.rows(of: views, width: 2) }
        }
        let short = try TokenSelection(
            layout: layout, allocation: allocation, kept: [[8], [], [], [], []], separators: false)
        #expect(throws: HiREDError.self) { try short.rows(of: [[Float](repeating: 0, count: 17)], width: 2) }
        #expect(throws: HiREDError.self) { try short.rows(of: [], width: 2) }
        #expect(throws: HiREDError.self) { try short.rows(of: views, width: 0) }
    }

    @Test func tapsAreChecked() throws {
        let tap = VisionTap(.keys, layer: .index(-1))
        let taps = ViewTaps([
            tap: [Float](repeating: 1, count: 18), .projected: [.infinity],
            VisionTap(.classAttention, layer: .final): [1, 2],
        ])
        #expect(try taps.values(of: tap, count: 9, partition: 1).count == 18)
        for (wrong, count) in [
            (tap, 4), (tap, 0), (.projected, 1), (VisionTap(.keys, layer: .final), 9),
            (VisionTap(.classAttention, layer: .final), 1),
        ] {
            #expect(throws: HiREDError.self) { try taps.values(of: wrong, count: count, partition: 1) }
        }
        #expect(
            throws: HiREDError.invalidAttention("partition 3 has no keys of layer -2")
        ) { try taps.values(of: VisionTap(.keys, layer: .index(-2)), count: 9, partition: 3) }
    }

    @Test func theClassTokenComesFirstAndNothingIsDropped() throws {
        let size = PixelSize(width: 50, height: 40)
        let layout = try PartitionLayout(side: 2, imageSize: size).includingClassToken()
        #expect(layout.fullTokenCount == 5)
        #expect(layout.tokensPerPartition == 4)
        #expect(try layout != PartitionLayout(side: 2, imageSize: size))
        let full = FullStrategy()
        let allocation = try full.allocate(.full, layout: layout, fullView: ViewTaps())
        let selection = try full.select(allocation, layout: layout, taps: [nil])
        #expect(selection.slots == [.classToken] + (0..<4).map { .token(partition: 0, index: $0) })
        #expect(try selection.rows(of: [[9, 0, 1, 2, 3]], width: 1) == [9, 0, 1, 2, 3])

        let taps = try comparableTaps(PartitionLayout(side: 2, imageSize: size), seed: 5)
        for name in StrategyName.allCases where name != .full {
            for released in [false, true] where name == .hired || !released {
                var options = SelectionOptions()
                options.strategy = name
                if name.takesBudget { options.budget = .tokens(2) }
                if released { options.allocation = .releasedCode }
                let strategy = try options.makeStrategy()
                #expect(strategy.dropsTokens)
                #expect(throws: HiREDError.classTokenKept) { try strategy.run(.tokens(2), layout, taps) }
            }
        }
        #expect(throws: HiREDError.self) {
            try letterboxed(rows: 1, columns: 2, side: 3, image: PixelSize(width: 72, height: 36)).includingClassToken()
        }
    }

    @Test func anUnnamedStrategyTakesTheNamedOnesPlace() throws {
        var options = SelectionOptions()
        options.unnamedStrategy = UnnamedStrategy(label: "mine", UniformStrategy(separators: false))
        #expect(try options.makeStrategy() is FullStrategy)
        options.budget = .tokens(3)
        #expect(try options.makeStrategy() is UniformStrategy)
        var other = options
        other.unnamedStrategy = UnnamedStrategy(label: "another", UniformStrategy(separators: false))
        #expect(options != other)
        #expect("\(options)" != "\(other)")
    }
}
