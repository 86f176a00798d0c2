package import HiREDInference

/// The paper's figure: a picture's full view and tiles, once for each budget or layer, attention as heat, kept tokens
/// framed, budgets written on.
package struct SelectionFigure: Sendable {
    /// One row of the figure.
    package struct Panel: Sendable {
        package var title: String
        /// For each partition and token, 0 to 1.
        package var heat: [[Float]]
        /// For each partition and token; nil where nothing is chosen.
        package var kept: [[Bool]]?

        package init(title: String, heat: [[Float]], kept: [[Bool]]?) {
            self.title = title
            self.heat = heat
            self.kept = kept
        }
    }

    let layout: PartitionLayout
    let partitions: ImagePartitions
    let panels: [Panel]

    package init(_ selection: PictureSelection, panels: [Panel]) {
        layout = selection.tokens.layout
        partitions = selection.partitions
        self.panels = panels
    }

    /// A square of tokens of the figure.
    struct Cell {
        var partition: Int
        /// Left and top in tokens, within the panel.
        var x: Int
        var y: Int
    }

    /// The full view at the left, the tiles at the right, a token's width between.
    var cells: [Cell] {
        [Cell(partition: 0, x: 0, y: 0)]
            + (0..<layout.tileCount).map { tile in
                Cell(
                    partition: tile + 1, x: layout.side + 1 + tile % layout.tileColumns * layout.side,
                    y: tile / layout.tileColumns * layout.side)
            }
    }

    /// Of a panel, in tokens.
    var size: (width: Int, height: Int) {
        (
            layout.side + (layout.tileCount > 0 ? 1 + layout.tileColumns * layout.side : 0),
            max(1, layout.tileRows) * layout.side
        )
    }

    /// Edges between kept tokens and others: left, top and length of horizontal ones (`isHorizontal`) and vertical ones,
    /// in tokens within the partition.
    static func edges(_ kept: [Bool], side: Int) -> [(x: Int, y: Int, isHorizontal: Bool)] {
        func isKept(_ row: Int, _ column: Int) -> Bool {
            (0..<side).contains(row) && (0..<side).contains(column) && kept[row * side + column]
        }
        var edges: [(Int, Int, Bool)] = []
        for row in 0...side {
            for column in 0...side {
                if isKept(row, column) != isKept(row - 1, column) { edges.append((column, row, true)) }
                if isKept(row, column) != isKept(row, column - 1) { edges.append((column, row, false)) }
            }
        }
        return edges
    }

    /// How a share of attention is coloured: from nothing over red to yellow.
    static func colour(_ share: Float) -> (red: UInt8, green: UInt8, blue: UInt8, opacity: Float) {
        let value = min(max(share, 0), 1).squareRoot()
        return (
            UInt8(110 + 145 * min(1, 1.5 * value)), UInt8(255 * max(0, 1.6 * value - 0.6)), 24, 0.75 * value
        )
    }
}
