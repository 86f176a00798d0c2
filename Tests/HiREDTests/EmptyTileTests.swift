import Testing

@testable import HiRED

/// Tiles that hold next to nothing get nothing, where it is asked for.
@Suite struct EmptyTileTests {
    private func allocate(
        _ scores: [Float], share: Double, budget: Int, alpha: Double = 0.5
    ) throws -> TokenAllocation {
        // Side 4 on a 2×2 grid without padding: a tile is a quarter of the full view.
        let layout = try letterboxed(rows: 2, columns: 2, side: 4, image: PixelSize(width: 80, height: 80))
        let row = (0..<16).map { (token: Int) -> Float in
            let tile = (token / 8) * 2 + (token % 4) / 2
            return scores[tile] / 4
        }
        let strategy = HiREDStrategy(
            BudgetSharing(alpha: try #require(DecimalShare(alpha)), even: false, emptyTileShare: share),
            separators: false)
        let taps = ViewTaps([VisionTap(.classAttention, layer: .first): row])
        return try strategy.allocate(.tokens(budget), layout: layout, fullView: taps)
    }

    @Test func theOthersShareWhatATileUnderTheThresholdWouldHaveHad() throws {
        // An even share is a quarter of 8, so half of it is 1.
        let scores: [Float] = [4, 2.5, 1, 0.5]
        #expect(try allocate(scores, share: 0, budget: 32).budgets == [16, 8, 5, 2, 1])
        // 0.5 is under 1, and 1 is not: 16·(4, 2.5, 1)/7.5 = 8.53, 5.33, 2.13.
        #expect(try allocate(scores, share: 0.5, budget: 32).budgets == [16, 9, 5, 2, 0])
        // Under a whole share, 2: 16·(4, 2.5)/6.5 = 9.85, 6.15.
        #expect(try allocate(scores, share: 1, budget: 32).budgets == [16, 10, 6, 0, 0])
        #expect(try allocate(scores, share: 0.5, budget: 32).scores == [4, 2.5, 1, 0.5])
    }

    @Test func whatTheOthersCannotHoldGoesToTheFullViewOrIsNotKept() throws {
        // Two open tiles of 16 tokens each.
        #expect(try allocate([4, 4, 0, 0], share: 0.5, budget: 46, alpha: 0).budgets == [14, 16, 16, 0, 0])
        #expect(try allocate([4, 4, 0, 0], share: 0.5, budget: 80, alpha: 0).budgets == [16, 16, 16, 0, 0])
    }

    @Test func alikeTilesAreAllLeft() throws {
        #expect(try allocate([1, 1, 1, 1], share: 1, budget: 32).budgets == [16, 4, 4, 4, 4])
        #expect(try allocate([0, 0, 0, 0], share: 1, budget: 32).budgets == [16, 4, 4, 4, 4])
    }

    /// For every layout and share: within the budget, and all of it where as many tokens are left.
    @Test func theBudgetIsHard() throws {
        for (width, height) in [(60, 60), (100, 40), (300, 7)] {
            let layout = try letterboxed(rows: 2, columns: 3, side: 3, image: PixelSize(width: width, height: height))
            for seed in 0..<8 {
                let taps = randomTaps(layout, seed: UInt64(seed))
                for share in [0, 0.3, 0.9, 1] {
                    for budget in stride(from: 1, through: layout.totalTokens, by: 3) {
                        var options = SelectionOptions()
                        (options.budget, options.emptyTileShare) = (.tokens(budget), share)
                        let selection = try options.makeStrategy().run(options.budget, layout, taps)
                        let left = (0..<layout.partitionCount).filter {
                            $0 == 0 || selection.allocation.budgets[$0] > 0
                        }
                        .reduce(0) { $0 + layout.capacity(partition: $1) }
                        #expect(selection.count <= budget)
                        #expect(selection.count == selection.allocation.budgets.reduce(0, +))
                        // A tile may also get nothing because its share of a small budget is under a token.
                        if budget >= left { #expect(selection.count == left) }
                    }
                }
            }
        }
    }

    @Test func sharesOutOfRangeAndStrategiesWithoutItAreRefused() throws {
        func refused(_ change: (inout SelectionOptions) -> Void) -> HiREDError? {
            var options = SelectionOptions()
            options.budget = .tokens(10)
            change(&options)
            return #expect(throws: HiREDError.self) { try options.makeStrategy() }
        }
        for share in [-0.1, 1.1, .nan, .infinity] {
            #expect(refused { $0.emptyTileShare = share } == .invalidEmptyTileShare("\(share)"))
        }
        #expect(
            refused { ($0.emptyTileShare, $0.strategy) = (0.5, .uniform) }
                == .unusedOption(.emptyTileShare, strategy: .uniform))
        #expect(
            refused { ($0.emptyTileShare, $0.allocation) = (0.5, .even) }
                == .unusedOption(.emptyTileShare, strategy: .hired))
        #expect(
            refused { ($0.emptyTileShare, $0.budget) = (0.5, .full) }
                == .unusedOption(.emptyTileShare, strategy: .full))
        #expect(
            refused { ($0.emptyTileShare, $0.allocation) = (0.5, .releasedCode) }
                == .releasedCodeRefuses("it skips no tiles"))
    }
}
