import Testing

@testable import HiRED

/// Pictures squeezed to their canvas, read view by view with the full view last, as InternVL does it.
@Suite struct StretchedLayoutTests {
    private func stretched(_ rows: Int, _ columns: Int, side: Int) throws -> PartitionLayout {
        try PartitionLayout(
            side: side, tileRows: rows, tileColumns: columns,
            imageSize: PixelSize(width: 90 * max(columns, 1), height: 70 * max(rows, 1)),
            stretchedTo: PixelSize(width: columns * 12 * side, height: rows * 12 * side), order: .views)
    }

    private static let grids = [(1, 2), (2, 1), (2, 2), (1, 3), (3, 4), (12, 1), (1, 5), (5, 2), (7, 1)]

    /// A token is shared by the area that it has in common with each tile, counted in cells that both consist of.
    @Test(arguments: grids.map { [$0.0, $0.1] }, [1, 3, 4, 16])
    func attentionIsSharedByArea(_ grid: [Int], side: Int) throws {
        let (rows, columns) = (grid[0], grid[1])
        let layout = try stretched(rows, columns, side: side)
        for token in 0..<layout.tokensPerPartition {
            var cells = [Int](repeating: 0, count: layout.tileCount)
            for y in 0..<rows {
                for x in 0..<columns {
                    let (cellRow, cellColumn) = (token / side * rows + y, token % side * columns + x)
                    cells[cellRow / side * columns + cellColumn / side] += 1
                }
            }
            var shares = [Double](repeating: 0, count: layout.tileCount)
            for (tile, share) in layout.tileShares(ofFullViewToken: token) {
                #expect(shares[tile] == 0)
                shares[tile] = share
            }
            #expect(shares == cells.map { Double($0) / Double(rows * columns) }, "token \(token)")
        }
        #expect(layout.tileShares(ofFullViewToken: -1).isEmpty)
        #expect(layout.tileShares(ofFullViewToken: layout.tokensPerPartition).isEmpty)
    }

    /// On LLaVA-NeXT's grids without padding, whose 24 columns its tiles divide, area and centre say the same to the bit.
    @Test(arguments: [(1, 2), (2, 1), (2, 2), (1, 3), (3, 1)])
    func areaEqualsCentresWhereTilesDivideTokens(rows: Int, columns: Int) throws {
        let size = PixelSize(width: 336 * columns, height: 336 * rows)
        let centred = try PartitionLayout(
            side: 24, tileRows: rows, tileColumns: columns, imageSize: size, canvasSize: size,
            content: PixelRectangle(x: 0, y: 0, width: size.width, height: size.height))
        let shared = try PartitionLayout(
            side: 24, tileRows: rows, tileColumns: columns, imageSize: size, stretchedTo: size, order: .canvasRows)
        #expect(!centred.isStretched)
        var generator = SplitMix64(seed: UInt64(rows * 7 + columns))
        let attention = (0..<576).map { _ in Float.random(in: 0...1, using: &generator) }
        #expect(centred.tileScores(of: attention) == shared.tileScores(of: attention))
        #expect(centred.fullTokenCount == shared.fullTokenCount)
    }

    @Test(arguments: grids.map { [$0.0, $0.1] } + [[0, 0]])
    func everythingCountsAndNothingIsPadding(_ grid: [Int]) throws {
        let layout = try stretched(grid[0], grid[1], side: 16)
        #expect(layout.fullTokenCount == 256 * layout.partitionCount)
        #expect(layout.keepableTokens == layout.totalTokens)
        for partition in 0..<layout.partitionCount {
            #expect(layout.capacity(partition: partition) == 256)
            #expect(!layout.isPadding(partition: partition, token: 255))
        }
        let full = try FullStrategy().run(.full, layout, randomTaps(layout, seed: 1))
        #expect(full.count == layout.fullTokenCount)
        #expect(!full.slots.contains(.separator))
    }

    /// Tiles one after another, each in its own order, then the full view; exactly as many tokens as the budget says.
    @Test(arguments: grids.map { [$0.0, $0.1] } + [[0, 0]])
    func everyStrategyPacksViewByView(_ grid: [Int]) throws {
        let layout = try stretched(grid[0], grid[1], side: 3)
        let taps = comparableTaps(layout, seed: 5)
        let order = Array(1..<layout.partitionCount) + [0]
        for name in StrategyName.allCases {
            for budget in [1, layout.totalTokens / 5 + 1, layout.totalTokens - 1, layout.totalTokens] {
                // It gives every view the same share, which must be a token at least.
                if name == .spatial, budget < layout.partitionCount { continue }
                var options = SelectionOptions()
                options.strategy = name
                if name.takesBudget, name != .full { options.budget = .tokens(budget) }
                let selection = try options.makeStrategy().run(options.budget, layout, taps)
                let place: Comment = "\(name) \(grid) B \(budget)"
                if name.obeysBudget { #expect(selection.count == budget, place) }
                #expect(!selection.slots.contains(.separator), place)
                let partitions = selection.slots.map { slot in
                    switch slot {
                    case .token(let partition, _), .merged(let partition): partition
                    case .separator, .classToken: -1
                    }
                }
                let places = partitions.compactMap { order.firstIndex(of: $0) }
                #expect(places == places.sorted() && places.count == partitions.count, place)
                guard name != .prumerge, name != .prumergePlus else { continue }
                let expected = order.flatMap { partition in
                    selection.kept[partition].map { partition * layout.tokensPerPartition + $0 }
                }
                #expect(selection.packed(tokensPerPartition: layout.tokensPerPartition) == expected, place)
            }
        }
    }

    @Test func separatorsAndTheReleasedCodeAreRefused() throws {
        for grid in [(2, 3), (0, 0)] {
            let layout = try stretched(grid.0, grid.1, side: 3)
            let rows = [[Float]](repeating: [Float](repeating: 1, count: 9), count: layout.partitionCount)
            var options = SelectionOptions()
            options.budget = .tokens(7)
            options.keepsSeparators = true
            #expect(throws: HiREDError.noSeparators) { try options.check(layout) }
            #expect(throws: HiREDError.noSeparators) {
                try options.select(layout: layout, firstLayer: rows[0], finalLayer: rows)
            }
            options.keepsSeparators = false
            options.allocation = .releasedCode
            #expect(throws: HiREDError.releasedCodeKnowsNoOtherCanvas) { try options.check(layout) }
            #expect(throws: HiREDError.releasedCodeKnowsNoOtherCanvas) {
                try options.makeStrategy().allocate(.tokens(7), layout: layout, fullView: ViewTaps())
            }
        }
        var options = SelectionOptions()
        (options.budget, options.keepsSeparators) = (.tokens(7), true)
        try options.check(try letterboxed(rows: 2, columns: 2, side: 3, image: PixelSize(width: 60, height: 50)))
    }

    @Test func hostileCallersGetErrors() {
        let picture = PixelSize(width: 500, height: 300)
        for (size, tiles, view, token) in [
            (picture, 1...12, 0, 28), (picture, 1...12, 448, 0), (picture, 1...12, 448, 449),
            (picture, 1...65, 448, 28),
            (picture, -1...12, 448, 28), (picture, 0...0, 448, 28), (PixelSize(width: 0, height: 3), 1...12, 448, 28),
            (PixelSize(width: 3, height: -3), 1...12, 448, 28), (picture, 1...12, .max, 28),
            (PixelSize(width: .max, height: .max), 1...12, 448, 28),
        ] {
            #expect(throws: HiREDError.self) {
                try PartitionLayout(imageSize: size, tiles: tiles, viewSize: view, tokenSize: token)
            }
        }
    }
}
