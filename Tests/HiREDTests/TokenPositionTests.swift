import Testing

@testable import HiRED

@Suite struct TokenPositionTests {
    /// A full view and two tiles beside each other, each of 2×2 tokens.
    private func layout() throws -> PartitionLayout {
        try letterboxed(rows: 1, columns: 2, side: 2, image: PixelSize(width: 72, height: 36))
    }

    private func selection(_ kept: [[Int]], separators: Bool) throws -> TokenSelection {
        let allocation = TokenAllocation(budgets: kept.map(\.count), budget: kept.joined().count)
        return try TokenSelection(layout: layout(), allocation: allocation, kept: kept, separators: separators)
    }

    /// The full sequence is v0 v1 v2 v3, a0 a1 b0 b1 |, a2 a3 b2 b3 |.
    @Test func keptTokensStandWhereTheyStoodInTheFullSequence() throws {
        let layout = try layout()
        #expect(layout.fullTokenCount == 14)
        let kept = [[1, 3], [2], [0, 3]]
        #expect(try selection(kept, separators: false).originalPositions(in: layout) == [1, 3, 6, 9, 12])
        #expect(try selection(kept, separators: true).originalPositions(in: layout) == [1, 3, 6, 8, 9, 12, 13])
        #expect(try selection([[], [], [3]], separators: true).originalPositions(in: layout) == [12, 13])
        #expect(try selection([[], [], []], separators: false).originalPositions(in: layout).isEmpty)
        let full = TokenSelection(full: layout, allocation: TokenAllocation(budgets: [4, 4, 4], budget: nil))
        #expect(try full.originalPositions(in: layout) == Array(0..<14))
    }

    /// Padding takes no positions: a picture of half the canvas' height has its own rows alone.
    @Test func paddingTakesNoPositions() throws {
        let layout = try letterboxed(rows: 2, columns: 2, side: 2, image: PixelSize(width: 72, height: 36))
        let rows = layout.keptRows
        #expect(rows.count == 2)
        #expect(layout.fullTokenCount == 4 + 2 * (4 + 1))
        // The lower half of the upper tiles and the upper half of the lower ones are the picture.
        let allocation = TokenAllocation(budgets: [0, 1, 0, 0, 1], budget: 2)
        let chosen = try TokenSelection(
            layout: layout, allocation: allocation, kept: [[], [2], [], [], [1]], separators: true)
        #expect(try chosen.originalPositions(in: layout) == [4, 8, 12, 13])
    }

    @Test func everyStrategyThatChoosesHasPositions() throws {
        let layout = try letterboxed(rows: 2, columns: 2, side: 6, image: PixelSize(width: 70, height: 50))
        let views = comparableTaps(layout, seed: 3)
        for name in [StrategyName.hired, .uniform, .random] {
            for separators in [false, true] {
                var options = SelectionOptions()
                (options.strategy, options.budget, options.keepsSeparators) = (name, .tokens(50), separators)
                options.positions = .original
                let strategy = try options.makeStrategy()
                let allocation = try strategy.allocate(options.budget, layout: layout, fullView: views[0])
                let selection = try strategy.select(allocation, layout: layout, taps: views)
                let positions = try selection.originalPositions(in: layout)
                #expect(positions.count == selection.count)
                #expect(zip(positions, positions.dropFirst()).allSatisfy { $0 < $1 })
                #expect(positions.allSatisfy { (0..<layout.fullTokenCount).contains($0) })
            }
        }
    }

    @Test func sumsStandNowhere() throws {
        let layout = try layout()
        let sum = MergedToken(partition: 0, place: nil, sum: [WeightedToken(partition: 0, index: 0, weight: 1)])
        let merged = try TokenSelection(
            layout: layout, allocation: TokenAllocation(budgets: [1, 0, 0], budget: nil), packing: [sum])
        #expect(throws: HiREDError.self) { try merged.originalPositions(in: layout) }
        #expect(throws: HiREDError.unknownPositions("absolute")) { try TokenPositions(parsing: "absolute") }
    }
}
