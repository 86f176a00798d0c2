package import HiREDInference

/// What `select --json` prints.
package struct SelectionReport: Codable, Sendable, Equatable {
    package struct Layout: Codable, Sendable, Equatable {
        package var imageWidth, imageHeight, canvasWidth, canvasHeight, tileRows, tileColumns, tokensPerPartition: Int
        /// x, y, width, height on the canvas.
        package var content: [Int]
        package var full: Int
    }

    package var layout: Layout
    package var budget: Int?
    package var budgets: [Int]
    package var scores: [Double]
    package var kept: [[Int]]
    package var packed: Int
    /// Tokens in packed order as [partition, index]; a CLS token, or a sum that takes no token's place, is [partition],
    /// a separator [].
    package var slots: [[Int]]

    package init(_ tokens: ImageTokens) {
        let shape = tokens.layout
        layout = Layout(
            imageWidth: shape.imageSize.width, imageHeight: shape.imageSize.height, canvasWidth: shape.canvasSize.width,
            canvasHeight: shape.canvasSize.height, tileRows: shape.tileRows, tileColumns: shape.tileColumns,
            tokensPerPartition: shape.tokensPerPartition,
            content: [shape.content.x, shape.content.y, shape.content.width, shape.content.height],
            full: shape.fullTokenCount)
        budget = tokens.budget
        budgets = tokens.selection.allocation.budgets
        scores = tokens.selection.allocation.scores
        kept = tokens.selection.kept
        packed = tokens.kept
        slots = tokens.selection.slots.map { slot in
            switch slot {
            case .token(let partition, let index): [partition, index]
            case .merged(let partition): [partition]
            case .classToken: [0]
            case .separator: []
            }
        }
    }
}
