/// From patches to tokens, where a token is a square of patches: for InternVL 2×2 of them.
extension VisionEmitter {
    private var side: Int { shape.patchesPerTokenSide }
    private var tokensPerSide: Int { shape.gridSize / side }

    /// [pictures, patches, C] → [pictures, tokens, side²·C]: a token's rows joined, the upper ones first, each from left
    /// to right (`pixel_shuffle` of `modeling_internvl.py`).
    func tokens(ofPatches rows: GraphValue) throws -> GraphValue {
        guard side > 1 else { return rows }
        let width = rows.shape[2]
        let grid = try graph.reshape(rows, [0, tokensPerSide, side, tokensPerSide, side, width])
        return try graph.reshape(
            try graph.transpose(grid, [0, 1, 3, 2, 4, 5]),
            [0, tokensPerSide * tokensPerSide, side * side * width])
    }

    /// [pictures, …, patches] → [pictures, …, tokens]: the sum over a token's patches.
    func tokens(summing row: GraphValue) throws -> GraphValue {
        guard side > 1 else { return row }
        let kept = [Int](repeating: 0, count: row.shape.rank - 1)
        let grid = try graph.reshape(row, kept + [tokensPerSide, side, tokensPerSide, side])
        let last = grid.shape.rank - 1
        let sum = try graph.reduceSum(try graph.reduceSum(grid, axis: last), axis: last - 2)
        return try graph.reshape(sum, kept + [tokensPerSide * tokensPerSide])
    }
}
