import Testing

@testable import HiRED

/// A caller's mistakes are errors: nothing traps.
@Suite struct HostileCallerTests {
    private func options(_ change: (inout SelectionOptions) throws -> Void = { _ in }) rethrows -> SelectionOptions {
        var options = SelectionOptions()
        options.budget = .tokens(10)
        try change(&options)
        if !options.strategy.takesBudget { options.budget = .full }
        return options
    }

    private let resolutions = [(672, 336), (336, 672), (672, 672), (336, 1008), (1008, 336)].map {
        PixelSize(width: $0.0, height: $0.1)
    }

    private func layout(_ width: Int = 600, _ height: Int = 600) throws -> PartitionLayout {
        try PartitionLayout(
            imageSize: PixelSize(width: width, height: height), resolutions: resolutions, viewSize: 336, patchSize: 56)
    }

    private func rows(_ count: Int, _ length: Int) -> [[Float]] {
        var generator = SplitMix64(seed: 7)
        return (0..<count).map { _ in (0..<length).map { _ in Float(generator.nextUnit()) } }
    }

    @Test func oneCallIsTheTwoSteps() throws {
        let layout = try layout()
        let (first, final) = (rows(1, 36)[0], rows(5, 36))
        let options = try options { $0.budget = try TokenBudget(parsing: "20%") }
        let selection = try options.select(layout: layout, firstLayer: first, finalLayer: final)
        #expect(selection.count == 36 && selection.kept.map(\.count).reduce(0, +) == 36)
        #expect(selection.kept.map(\.count) == selection.allocation.budgets)
        let strategy = try options.makeStrategy()
        let taps = (0..<5).map { partition in
            var values = [VisionTap(.classAttention, layer: .final): final[partition]]
            if partition == 0 { values[VisionTap(.classAttention, layer: .first)] = first }
            return ViewTaps(values)
        }
        let allocation = try strategy.allocate(options.budget, layout: layout, fullView: taps[0])
        #expect(try strategy.select(allocation, layout: layout, taps: taps) == selection)
    }

    @Test func wrongRowsAreErrors() throws {
        let layout = try layout()
        let options = try options()
        let (first, final) = (rows(1, 36)[0], rows(5, 36))
        for count in [0, 1, 4, 6, 100] {
            #expect(throws: HiREDError.self) {
                try options.select(layout: layout, firstLayer: first, finalLayer: rows(count, 36))
            }
        }
        for length in [1, 35, 37, 1000] {
            #expect(throws: HiREDError.self) {
                try options.select(layout: layout, firstLayer: rows(1, length)[0], finalLayer: final)
            }
            #expect(throws: HiREDError.self) {
                try options.select(layout: layout, firstLayer: first, finalLayer: rows(5, length))
            }
        }
        #expect(throws: HiREDError.self) { try options.select(layout: layout, firstLayer: [], finalLayer: final) }
        var broken = final
        broken[2][3] = .infinity
        #expect(throws: HiREDError.self) { try options.select(layout: layout, firstLayer: first, finalLayer: broken) }
    }

    @Test func allocationsAndTapsOfAnotherPictureAreErrors() throws {
        let (layout, other) = (try layout(), try layout(100, 900))
        #expect(layout.partitionCount != other.partitionCount)
        for strategy in StrategyName.allCases {
            let chosen = try options { $0.strategy = strategy }.makeStrategy()
            let taps = ViewTaps([VisionTap(.classAttention, layer: .first): rows(1, 36)[0]])
            let allocation = try chosen.allocate(.tokens(10), layout: other, fullView: taps)
            #expect(throws: HiREDError.self) {
                try chosen.select(allocation, layout: layout, taps: [ViewTaps?](repeating: nil, count: 5))
            }
        }
        let allocation = TokenAllocation(budgets: [1, 1, 1, 1, 1], budget: 5)
        for kept in [[], [[0]], [[0], [], [], [], [36]], [[-1], [], [], [], []], [[1, 0], [], [], [], []]] {
            #expect(throws: HiREDError.self) {
                try TokenSelection(layout: layout, allocation: allocation, kept: kept, separators: false)
            }
        }
        for token in [(5, 0, 1), (0, 36, 1), (-1, 0, 1), (0, 0, Float.nan)] {
            #expect(throws: HiREDError.self) {
                try TokenSelection(
                    layout: layout, allocation: allocation, kept: [[0], [], [], [], []],
                    merging: [
                        [[WeightedToken(partition: token.0, index: token.1, weight: Float(token.2))]], [], [], [], [],
                    ])
            }
        }
    }

    @Test(arguments: [Int.min, -1, 0]) func budgetsOfNothingAreErrors(_ count: Int) throws {
        let layout = try layout()
        for strategy in StrategyName.allCases where strategy != .full && strategy.takesBudget {
            let chosen = try options { $0.strategy = strategy }.makeStrategy()
            #expect(throws: HiREDError.self) {
                try chosen.allocate(
                    .tokens(count), layout: layout,
                    fullView: ViewTaps([VisionTap(.classAttention, layer: .first): rows(1, 36)[0]]))
            }
        }
    }

    @Test(arguments: [0, 0.5, 1], [Int.max, Int.max - 1, 1 << 62]) func hugeBudgetsKeepEverything(
        _ alpha: Double, _ budget: Int
    ) throws {
        for (layout, allocation) in [(try layout(), Allocation.paper), (try layout(), .releasedCode)] {
            let selection = try options {
                $0.alpha = alpha
                $0.budget = .tokens(budget)
                $0.allocation = allocation
            }.select(layout: layout, firstLayer: rows(1, 36)[0], finalLayer: rows(5, 36))
            #expect(selection.count == layout.keepableTokens)
        }
    }

    /// ⌊α·B⌋ is exact: doubles give one less for some of these.
    @Test func sharesAreDecimals() throws {
        for thousandths in 0...1000 {
            let share = try #require(DecimalShare(Double(thousandths) / 1000))
            for total in [1, 10, 100, 576, 1000, 2880, 100_000, 1_000_000_007] {
                #expect(share.floor(of: total) == total * thousandths / 1000, "\(thousandths) of \(total)")
            }
        }
        #expect(DecimalShare(1)?.floor(of: .max) == .max)
        #expect(DecimalShare(0.5)?.floor(of: .max) == .max / 2)
        for tiny in [Double.leastNonzeroMagnitude, 1e-300, 1e-19] { #expect(DecimalShare(tiny)?.floor(of: 2880) == 0) }
        #expect(DecimalShare(1e-5)?.floor(of: 1_000_000) == 10)
        #expect(DecimalShare(1.0.nextDown)?.floor(of: 2880) == 2879)
        for bad in [-0.1, 1.1, .nan, .infinity, -Double.infinity] { #expect(DecimalShare(bad) == nil) }
    }

    @Test func optionsThatChangeNothingAreRefused() throws {
        func refused(_ change: (inout SelectionOptions) -> Void) -> HiREDError? {
            #expect(throws: HiREDError.self) { try options(change).makeStrategy() }
        }
        #expect(refused { ($0.strategy, $0.alpha) = (.uniform, 0.3) } == .unusedOption(.alpha, strategy: .uniform))
        #expect(refused { ($0.allocation, $0.alpha) = (.even, 0.3) } == .unusedOption(.alpha, strategy: .hired))
        #expect(
            refused { ($0.strategy, $0.allocation) = (.random, .even) }
                == .unusedOption(.allocation, strategy: .random))
        #expect(refused { $0.seed = 4 } == .unusedOption(.seed, strategy: .hired))
        #expect(
            refused { ($0.strategy, $0.keepsSeparators) = (.full, true) }
                == .unusedOption(.keepsSeparators, strategy: .full))
        for strategy in [StrategyName.full, .prumerge, .prumergePlus] {
            #expect(
                refused { ($0.strategy, $0.budget, $0.positions) = (strategy, .full, .original) }
                    == .unusedOption(.positions, strategy: strategy))
        }
        #expect(refused { ($0.budget, $0.alpha) = (.full, 0.3) } == .unusedOption(.alpha, strategy: .full))
        #expect(refused { ($0.budget, $0.allocation) = (.full, .even) } == .unusedOption(.allocation, strategy: .full))
        #expect(
            refused { ($0.budget, $0.strategy, $0.seed) = (.full, .random, 4) }
                == .unusedOption(.seed, strategy: .full))
        for strategy in StrategyName.allCases {
            for budget in [TokenBudget.full, .tokens(10)] {
                let chosen = try options { ($0.strategy, $0.budget) = (strategy, budget) }.makeStrategy()
                #expect(chosen.dropsTokens == (!strategy.takesBudget || (strategy != .full && budget != .full)))
            }
        }
    }

    @Test func sizesThatAreNoneAreErrors() throws {
        let sizes = [0, -1, 1 << 24, Int.max, Int.min]
        for size in sizes {
            for picture in [PixelSize(width: size, height: 10), PixelSize(width: 10, height: size)] {
                #expect(AnyResolution.bestResolution(for: picture, among: resolutions) == nil)
                #expect(AnyResolution.bestResolution(for: PixelSize(width: 5, height: 5), among: [picture]) == nil)
                #expect(AnyResolution.content(of: picture, on: resolutions[0]) == nil)
                #expect(AnyResolution.content(of: resolutions[0], on: picture) == nil)
                #expect(throws: HiREDError.self) {
                    try PartitionLayout(imageSize: picture, resolutions: resolutions, viewSize: 336, patchSize: 14)
                }
            }
        }
        let good = PixelSize(width: 5, height: 5)
        for (resolutions, view, patch) in [
            ([], 336, 14), (resolutions, 335, 14), (resolutions, 336, 0), (resolutions, 0, 14), (resolutions, 14, 336),
        ] {
            #expect(throws: HiREDError.self) {
                try PartitionLayout(imageSize: good, resolutions: resolutions, viewSize: view, patchSize: patch)
            }
        }
        // Strips of one pixel are pictures.
        #expect(try layout(1, (1 << 24) - 1).keptColumns.count <= 6)
    }

    /// Strategies make arrays as long as the picture: a layout of 6.9·10¹⁰ tokens asked for 550 GB.
    @Test(arguments: [(4096, 64, 64), (4096, 1, 1), (512, 8, 8), (4096, 64, 1)])
    func layoutsBeyondMemoryAreErrors(_ side: Int, _ rows: Int, _ columns: Int) throws {
        let canvas = PixelSize(width: columns * side, height: rows * side)
        let content = PixelRectangle(x: 0, y: 0, width: canvas.width, height: canvas.height)
        #expect(throws: HiREDError.invalidLayout("more than 16777216 tokens")) {
            try PartitionLayout(
                side: side, tileRows: rows, tileColumns: columns, imageSize: canvas, canvasSize: canvas,
                content: content
            )
        }
        #expect(try PartitionLayout(side: 4096, imageSize: canvas).totalTokens == 1 << 24)
    }

    @Test func rowsOfAnotherWidthAreErrors() throws {
        let layout = try PartitionLayout(side: 2, imageSize: PixelSize(width: 5, height: 5))
        let allocation = TokenAllocation(budgets: [2], budget: 2)
        let plain = try TokenSelection(layout: layout, allocation: allocation, kept: [[0, 3]], separators: false)
        let sum = [
            WeightedToken(partition: 0, index: 1, weight: 0.5), WeightedToken(partition: 0, index: 2, weight: 0.5),
        ]
        let merged = try TokenSelection(
            layout: layout, allocation: allocation, kept: [[0, 3]], merging: [[sum, []]])
        let view: [Float] = [1, 2, 3, 4, 5, 6, 7, 8]
        #expect(try plain.rows(of: [view], width: 2) == [1, 2, 7, 8])
        #expect(try merged.rows(of: [view], width: 2) == [4, 5, 7, 8])
        for width in [Int.min, -1, 0, 3, 8, 9, 1 << 40, .max] {
            for selection in [plain, merged] {
                #expect(throws: HiREDError.self) { try selection.rows(of: [view], width: width) }
                #expect(throws: HiREDError.self) { try selection.rows(of: [nil], width: width) }
                #expect(throws: HiREDError.self) { try selection.rows(of: [], width: width) }
            }
        }
    }

    /// Whatever a caller says, each call ends with an error or with a selection that keeps its promises.
    @Test(arguments: 0..<40) func seededCallersNeverTrap(_ seed: Int) throws {
        var generator = SplitMix64(seed: UInt64(seed))
        let layouts = [try layout(), try layout(100, 900), try PartitionLayout(side: 6, imageSize: resolutions[0])]
        let numbers = [Int.min, -1, 0, 1, 2, 5, 35, 36, 37, 180, 1 << 40, .max - 1, .max]
        let values: [Float] = [
            0, -0.0, 1, -1, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .nan,
            .infinity,
        ]
        func pick<Value>(_ list: [Value]) -> Value { list[Int.random(in: list.indices, using: &generator)] }
        func row(_ length: Int) -> [Float] {
            let last = pick([6, 6, 6, values.count - 1])
            return (0..<length).map { _ in values[Int.random(in: 0...last, using: &generator)] }
        }
        var completed = 0
        for _ in 0..<200 {
            var options = SelectionOptions()
            options.strategy = pick(StrategyName.allCases)
            options.budget = pick([.full, .tokens(pick(numbers)), .percentage(try Percentage(numerator: 37))])
            options.alpha = pick([0.5, 0.5, 0, 1, 0.29, .leastNonzeroMagnitude, -.zero, .nan])
            options.allocation = pick([nil, .paper, .even, .releasedCode, .whole])
            options.keepsSeparators = pick([false, false, true])
            let layout = pick(layouts)
            let length = pick([36, 36, 36, 0, 35])
            let final = (0..<pick([layout.partitionCount, layout.partitionCount, 1, 0])).map { _ in row(length) }
            if let selection = try? options.select(layout: layout, firstLayer: row(length), finalLayer: final) {
                completed += 1
                let most = max(layout.fullTokenCount, layout.totalTokens)
                #expect(selection.count <= most)
                if case .tokens(let budget) = options.budget, options.strategy.obeysBudget {
                    #expect(selection.count <= budget)
                }
            }
            // The second step with an allocation that no first step made.
            let allocation = TokenAllocation(
                budgets: (0..<pick([layout.partitionCount, 1, 0, 7])).map { _ in pick(numbers) },
                scores: [.nan], budget: pick([nil, pick(numbers)]))
            let taps: [ViewTaps?] = final.map {
                pick([nil, ViewTaps([VisionTap(.classAttention, layer: .final): $0])])
            }
            if let strategy = try? options.makeStrategy(),
                let selection = try? strategy.select(allocation, layout: layout, taps: taps)
            {
                #expect(selection.kept.allSatisfy { $0.count <= layout.tokensPerPartition })
            }
        }
        #expect(completed > 0)
    }

    @Test func placesThatAreNotThereHaveNoTokens() throws {
        let (tiled, single) = (try layout(), try PartitionLayout(side: 6, imageSize: PixelSize(width: 5, height: 5)))
        for layout in [tiled, single] {
            for partition in [-1, layout.partitionCount, Int.max, Int.min] {
                #expect(layout.capacity(partition: partition) == 0)
                #expect(layout.isPadding(partition: partition, token: 0))
            }
            for token in [-1, 36, Int.max, Int.min] {
                #expect(layout.isPadding(partition: 0, token: token))
                #expect(layout.tile(ofFullViewToken: token) == nil)
            }
        }
        #expect(single.tile(ofFullViewToken: 0) == nil)
    }
}
