import Testing

@testable import HiRED

/// What holds for every layout, budget and attention.
@Suite struct PropertyTests {
    private static let grids = (1...3).flatMap { rows in (1...3).map { (rows, $0) } }
    private static let images = [(60, 60), (61, 59), (100, 40), (40, 100), (300, 7), (7, 300), (1, 1), (5000, 3)]

    /// Exhaustive over small layouts: every budget, several alphas, ties everywhere.
    @Test(arguments: grids.map { [$0.0, $0.1] })
    func budgetsAreExactAndPaddingIsNeverKept(_ grid: [Int]) throws {
        for (number, (width, height)) in Self.images.enumerated() {
            let layout = try letterboxed(
                rows: grid[0], columns: grid[1], side: 3, image: PixelSize(width: width, height: height))
            let taps = comparableTaps(layout, seed: UInt64(number))
            for budget in 1...(layout.totalTokens + 2) {
                for name in StrategyName.allCases where name.obeysBudget {
                    for alpha in name == .hired ? [0, 0.29, 0.5, 1] : [0.5] {
                        var options = SelectionOptions()
                        options.strategy = name
                        options.budget = .tokens(budget)
                        options.alpha = alpha
                        let selection = try options.makeStrategy().run(options.budget, layout, taps)
                        let place: Comment = "\(name) \(grid) \(width)×\(height) B \(budget) alpha \(alpha)"
                        #expect(selection.count == min(budget, layout.keepableTokens), place)
                        for (partition, kept) in selection.kept.enumerated() {
                            #expect(kept == kept.sorted(), place)
                            #expect(Set(kept).count == kept.count, place)
                            #expect(!kept.contains { layout.isPadding(partition: partition, token: $0) }, place)
                        }
                        #expect(selection.allocation.budgets == selection.kept.map(\.count), place)
                    }
                }
            }
        }
    }

    @Test(arguments: grids.map { [$0.0, $0.1] })
    func separatorsNeverBreakTheBudget(_ grid: [Int]) throws {
        for (number, (width, height)) in Self.images.enumerated() {
            let layout = try letterboxed(
                rows: grid[0], columns: grid[1], side: 3, image: PixelSize(width: width, height: height))
            let taps = randomTaps(layout, seed: UInt64(number))
            for budget in 1...layout.totalTokens {
                var options = SelectionOptions()
                options.budget = .tokens(budget)
                options.keepsSeparators = true
                let selection = try options.makeStrategy().run(options.budget, layout, taps)
                #expect(selection.count <= budget)
                // Two at a time can go with the last token of a row; no more than one place stays empty for it.
                #expect(selection.count >= min(budget, layout.keepableTokens) - 1)
                for (slot, next) in zip(selection.slots, selection.slots.dropFirst()) where next == .separator {
                    #expect(slot != .separator)
                }
            }
        }
    }

    @Test func packedTokensFollowTheRaster() throws {
        let layout = try letterboxed(rows: 2, columns: 3, side: 4, image: PixelSize(width: 90, height: 60))
        let selection = try HiREDStrategy(
            BudgetSharing(alpha: try #require(DecimalShare(0.3)), even: false), separators: false
        )
        .run(.tokens(60), layout, randomTaps(layout, seed: 4, values: 1000))
        let places = selection.slots.map { slot -> (Int, Int, Int) in
            guard case .token(let partition, let index) = slot else { return (-1, -1, -1) }
            guard partition > 0 else { return (0, index / 4, index % 4) }
            let tile = partition - 1
            return (1, tile / 3 * 4 + index / 4, tile % 3 * 4 + index % 4)
        }
        #expect(zip(places, places.dropFirst()).allSatisfy { $0 < $1 })
        #expect(places.count == 60)
    }

    @Test func everyFullViewTokenBelongsToOneTile() throws {
        for (rows, columns) in Self.grids {
            for (width, height) in Self.images {
                let layout = try letterboxed(
                    rows: rows, columns: columns, side: 6, image: PixelSize(width: width, height: height))
                for token in 0..<layout.tokensPerPartition {
                    #expect(layout.tile(ofFullViewToken: token).map { $0 < layout.tileCount } == true)
                }
            }
        }
    }

    @Test func capacityIsSharedAgain() {
        #expect(Apportionment.share(10, scores: [9, 1], capacities: [3, 20]) == [3, 7])
        #expect(Apportionment.share(10, scores: [0, 0], capacities: [2, 18]) == [1, 9])
        #expect(Apportionment.share(7, scores: [1, 0, 0], capacities: [1, 4, 2]) == [1, 4, 2])
        #expect(Apportionment.share(5, scores: [1, 1, 1], capacities: [9, 9, 9]) == [2, 2, 1])
        #expect(Apportionment.share(99, scores: [1, 2], capacities: [3, 4]) == [3, 4])
    }

    @Test func tiesGoToTheLowerIndex() {
        #expect(Ranking.largest(2, of: [1, 3, 3, 3], among: 0..<4) == [1, 2])
        #expect(Ranking.largest(2, of: [0, -0.0, -1, 0], among: 0..<4) == [0, 1])
        #expect(Ranking.largest(3, of: [-2, -1, 5, -1], among: 0..<4) == [1, 2, 3])
    }

    @Test func theSameSeedDrawsTheSameTokens() throws {
        let layout = try letterboxed(rows: 2, columns: 2, side: 6, image: PixelSize(width: 50, height: 50))
        let taps = randomTaps(layout, seed: 1)
        func kept(_ seed: UInt64) throws -> [[Int]] {
            try RandomStrategy(seed: seed, separators: false).run(.tokens(40), layout, taps).kept
        }
        #expect(try kept(3) == kept(3))
        #expect(try kept(3) != kept(4))
    }

    /// HiRED as it is used by default.
    private var half: HiREDStrategy {
        get throws {
            HiREDStrategy(BudgetSharing(alpha: try #require(DecimalShare(0.5)), even: false), separators: false)
        }
    }

    @Test func publishedCountsHold() throws {
        let square = try letterboxed(
            rows: 2, columns: 2, side: 24, image: PixelSize(width: 672, height: 672), tile: 336)
        #expect(square.fullTokenCount == 2928)
        #expect(square.totalTokens == 2880)
        let taps = randomTaps(square, seed: 9)
        #expect(try FullStrategy().run(.full, square, taps).count == 2928)
        let whole = TokenBudget.percentage(try Percentage(numerator: 100))
        #expect(try half.run(whole, square, taps).count == 2880)
        let single = try PartitionLayout(side: 24, imageSize: PixelSize(width: 672, height: 480))
        #expect(single.fullTokenCount == 576)
        #expect(try half.run(.tokens(100), single, randomTaps(single, seed: 2)).kept.map(\.count) == [100])
    }

    @Test func attentionThatIsNotFiniteIsAnError() throws {
        let single = try PartitionLayout(side: 2, imageSize: PixelSize(width: 6, height: 4))
        let broken = taps(first: [1, 2, 3, 4], final: [[1, .nan, 0, 0]])
        let half = try half
        #expect(throws: HiREDError.self) { try half.run(.tokens(2), single, broken) }
    }
}
