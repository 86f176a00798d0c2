import Testing

@testable import HiRED

/// Greedy choices on matrices whose numbers are exact, cosines, and what is refused.
@Suite struct ComparingStrategyTests {
    private func matrix(_ rows: [[Float]]) throws -> CosineMatrix {
        try CosineMatrix(count: rows.count, values: rows.flatMap { $0 })
    }

    @Test func equalGainsGoToTheLowerRow() throws {
        let alike = try matrix([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
        #expect(ScopeStrategy.choose(4, weights: [1, 1, 1, 1], alike) == [0, 2, 1, 3])
        #expect(ScopeStrategy.choose(3, weights: [1, 2, 2, 1], alike) == [1, 2, 0])
        #expect(ScopeStrategy.choose(9, weights: [0, 0, 0, 0], alike) == [0, 1, 2, 3])
        #expect(ScopeStrategy.choose(0, weights: [1, 1, 1, 1], alike).isEmpty)
    }

    /// What is computed anew only when it must be equals what is computed anew in every step.
    @Test(arguments: 0..<20) func lazyCoverageEqualsEagerCoverage(seed: Int) throws {
        var generator = SplitMix64(seed: UInt64(seed))
        let count = 5 + seed * 3
        let rows = Comparison.Rows(
            values: (0..<(count * 3)).map { _ in Float(generator.next() >> 61) - 3.5 }, count: count)
        let cosines = try CosineMatrix(comparing: rows)
        let weights = (0..<count).map { _ in Float(generator.next() >> 62) }
        var covered = [Float](repeating: 0, count: count)
        var expected: [Int] = []
        for _ in 0..<count {
            let gains = (0..<count).map { row -> Float in
                guard !expected.contains(row) else { return -1 }
                return weights[row]
                    * Array(cosines.values[(row * count)..<((row + 1) * count)]).withUnsafeBufferPointer { row in
                        covered.withUnsafeBufferPointer { covered in
                            guard let row = row.baseAddress, let covered = covered.baseAddress else { return 0 }
                            return UnsafeRows.gain(row, over: covered, count)
                        }
                    }
            }
            let row = Ranking.largest(1, of: gains, among: 0..<count)[0]
            expected.append(row)
            for other in 0..<count { covered[other] = max(covered[other], cosines.values[row * count + other]) }
        }
        #expect(ScopeStrategy.choose(count, weights: weights, cosines) == expected)
    }

    @Test func equalDistancesGoToTheLowerRow() throws {
        let apart = try matrix([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
        #expect(DivPruneStrategy.choose(3, apart) == [0, 1, 2])
        #expect(DivPruneStrategy.choose(2, try matrix([[1, 0.5, 0.5], [0.5, 1, 0.25], [0.5, 0.25, 1]])) == [0, 1])
        // 2 is farthest from its nearest; 0 and 1 are then equally far.
        #expect(DivPruneStrategy.choose(2, try matrix([[1, 0.5, -1], [0.5, 1, -1], [-1, -1, 1]])) == [2, 0])
        #expect(DivPruneStrategy.choose(5, try matrix([[1]])) == [0])
        #expect(DivPruneStrategy.choose(0, apart).isEmpty)
    }

    @Test func theTokensMostLikeOthersGo() throws {
        // Places 0, 2, 4 are even: rows 0, 2, 4; rows 1, 3 are odd.
        let cosines = try matrix([
            [1, 0.5, 0, 0, 0], [0.5, 1, 0.25, 0, 0], [0, 0.25, 1, 0.5, 0], [0, 0, 0.5, 1, -0.5], [0, 0, 0, -0.5, 1],
        ])
        // Scores 0.5, 0.5, 0: of equals the earlier goes; the others come by descending score, then the odd ones.
        #expect(VisPrunerStrategy.thin([0, 1, 2, 3, 4], to: 4, cosines) == [2, 4, 1, 3])
        // Two go at once.
        #expect(VisPrunerStrategy.thin([0, 1, 2, 3, 4], to: 3, cosines) == [4, 1, 3])
        #expect(VisPrunerStrategy.thin([3], to: 0, cosines).isEmpty)
        #expect(VisPrunerStrategy.thin([3, 1], to: 5, cosines) == [3, 1])
    }

    @Test func cosinesAreThoseOfTheRows() throws {
        let rows = Comparison.Rows(values: [3, 4, 0, 0, -4, 3, 6, 8], count: 4)
        let matrix = try CosineMatrix(comparing: rows)
        #expect(matrix.values[0] == 1)
        #expect(Array(matrix.values[4..<8]) == [0, 0, 0, 0])
        #expect(abs(matrix.values[2]) < 1e-6)
        #expect(abs(matrix.values[3] - 1) < 1e-6)
        for row in 0..<4 {
            for other in 0..<4 { #expect(matrix.values[4 * row + other] == matrix.values[4 * other + row]) }
        }
    }

    /// Widths and counts around the eight numbers that are taken at once.
    @Test(arguments: [1, 7, 8, 9, 16, 17, 33]) func loopsOfEveryLengthAgree(count: Int) throws {
        var generator = SplitMix64(seed: UInt64(count))
        let values = (0..<(count * count)).map { _ in Float(generator.nextUnit() - 0.5) }
        let matrix = try CosineMatrix(comparing: Comparison.Rows(values: values, count: count))
        for row in 0..<count {
            for other in 0..<count {
                var (product, left, right) = (0.0, 0.0, 0.0)
                for column in 0..<count {
                    let (a, b) = (Double(values[row * count + column]), Double(values[other * count + column]))
                    (product, left, right) = (product + a * b, left + a * a, right + b * b)
                }
                let cosine = product / (left * right).squareRoot()
                #expect(abs(Double(matrix.values[row * count + other]) - cosine) < 1e-5)
            }
        }
    }

    @Test func matricesThatCannotBeAreRefused() throws {
        for (count, values) in [(0, []), (2, [1, 0, 0]), (1, [.nan]), (-1, [1]), (1 << 32, []), (1, [.infinity])]
            as [(Int, [Float])]
        {
            #expect(throws: HiREDError.self) { try CosineMatrix(count: count, values: values) }
        }
        #expect(throws: HiREDError.self) { try CosineMatrix(comparing: Comparison.Rows(values: [1], count: 0)) }
        #expect(throws: HiREDError.self) { try CosineMatrix(comparing: Comparison.Rows(values: [1, 2, 3], count: 2)) }
        let layout = try PartitionLayout(side: 2, imageSize: PixelSize(width: 4, height: 4))
        var options = SelectionOptions()
        (options.strategy, options.budget) = (.divprune, .tokens(2))
        let strategy = try #require(try options.makeStrategy() as? any ComparingStrategy)
        let allocation = try strategy.allocate(options.budget, layout: layout, fullView: ViewTaps())
        for cosines in [[], [nil], [try matrix([[1]])]] as [[CosineMatrix?]] {
            #expect(throws: HiREDError.self) {
                try strategy.select(allocation, layout: layout, taps: [ViewTaps()], cosines: cosines)
            }
        }
        #expect(throws: HiREDError.self) { try strategy.select(allocation, layout: layout, taps: [ViewTaps()]) }
    }

    @Test func allocationsGoWithTheirStrategies() throws {
        func refused(_ change: (inout SelectionOptions) -> Void) -> HiREDError? {
            var options = SelectionOptions()
            options.budget = .tokens(4)
            change(&options)
            return #expect(throws: HiREDError.self) { try options.makeStrategy() }
        }
        #expect(
            refused { ($0.strategy, $0.allocation) = (.scope, .whole) }
                == .allocationNotOffered(.whole, strategy: .scope))
        #expect(refused { $0.allocation = .whole } == .allocationNotOffered(.whole, strategy: .hired))
        #expect(
            refused { ($0.strategy, $0.allocation) = (.divprune, .releasedCode) }
                == .allocationNotOffered(.releasedCode, strategy: .divprune))
        #expect(refused { ($0.strategy, $0.alpha) = (.divprune, 0.3) } == .unusedOption(.alpha, strategy: .divprune))
        #expect(refused { $0.strategy = .prumerge } == .unusedOption(.budget, strategy: .prumerge))
        #expect(
            refused { ($0.strategy, $0.keepsSeparators) = (.spatial, true) }
                == .unusedOption(.keepsSeparators, strategy: .spatial))
        var options = SelectionOptions()
        (options.strategy, options.budget, options.allocation, options.alpha) = (.divprune, .tokens(4), .paper, 0.3)
        #expect(try options.makeStrategy() is DivPruneStrategy)
    }

    /// One head, and other layers, in place of what HiRED reads by itself.
    @Test func ablationsReadOtherAttention() throws {
        let layout = try letterboxed(rows: 1, columns: 2, side: 2, image: PixelSize(width: 72, height: 36))
        let taps = (0..<3).map { view in
            ViewTaps([
                VisionTap(.classAttentionPerHead, layer: .index(1)): [9, 0, 9, 0, 0, 9, 0, 9],
                VisionTap(.classAttentionPerHead, layer: .index(3)): [0, 1, 2, 3, 3, 2, 1, Float(view)],
            ])
        }
        var options = SelectionOptions()
        (options.budget, options.scoringLayer, options.rankingLayer) = (.tokens(6), .index(1), .index(3))
        func kept(_ head: Int) throws -> [[Int]] {
            options.head = head
            return try options.makeStrategy().run(options.budget, layout, taps).kept
        }
        // Left columns score the left tile, right ones the right tile.
        #expect(try kept(0) == [[1, 2, 3], [1, 2, 3], []])
        #expect(try kept(1) == [[0, 1, 2], [], [0, 1, 3]])
        #expect(throws: HiREDError.invalidHead(2, of: 2)) { try kept(2) }
        options.strategy = .scope
        #expect(throws: HiREDError.unusedOption(.scoringLayer, strategy: .scope)) { try options.makeStrategy() }
        options.scoringLayer = .first
        #expect(throws: HiREDError.unusedOption(.rankingLayer, strategy: .scope)) { try options.makeStrategy() }
        options.rankingLayer = .final
        #expect(throws: HiREDError.unusedOption(.head, strategy: .scope)) { try options.makeStrategy() }
        (options.strategy, options.allocation, options.scoringLayer) = (.hired, .even, .index(1))
        #expect(throws: HiREDError.unusedOption(.scoringLayer, strategy: .hired)) { try options.makeStrategy() }
    }

    /// Only what is best of each view together with its separators fits.
    @Test(arguments: [StrategyName.scope, .vispruner, .divprune], 1...27)
    func separatorsNeverBreakTheBudget(name: StrategyName, budget: Int) throws {
        let layout = try letterboxed(rows: 1, columns: 2, side: 3, image: PixelSize(width: 50, height: 20))
        var options = SelectionOptions()
        (options.strategy, options.budget, options.keepsSeparators) = (name, .tokens(budget), true)
        let selection = try options.makeStrategy().run(options.budget, layout, comparableTaps(layout, seed: 3))
        #expect(selection.count <= budget)
        #expect(selection.count >= min(budget, layout.keepableTokens) - 1)
        #expect(selection.slots.count { $0 == .separator } <= layout.keptRows.count)
    }

    @Test func anotherPictureDrawsOtherTokens() throws {
        let layout = try letterboxed(rows: 2, columns: 2, side: 6, image: PixelSize(width: 50, height: 50))
        var options = SelectionOptions()
        (options.strategy, options.budget) = (.random, .tokens(40))
        func kept(_ picture: UInt64) throws -> [[Int]] {
            try options.makeStrategy(pictureSeed: picture).run(options.budget, layout, randomTaps(layout, seed: 1)).kept
        }
        #expect(try kept(1) == kept(1))
        #expect(try kept(1) != kept(2))
    }
}
