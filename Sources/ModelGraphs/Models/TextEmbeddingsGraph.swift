import ElementTypes
import OpenVINO

/// The token table: i64 ids [batch, tokens] → f32 [batch, tokens, width]. This is optimum-intel's
/// `openvino_text_embeddings_model`.
public enum TextEmbeddingsGraph {
    /// - Parameter table: the table's full name, such as `language_model.model.embed_tokens.weight`.
    /// - Throws: ``GraphError`` for a configuration out of range, a missing tensor or one of the wrong shape.
    public static func emit(
        vocabularySize: Int, hiddenSize: Int, weights: WeightTable, table: String, constantsOffset: Int
    ) throws -> EmittedGraph {
        try ShapeLimits.check("text_config.vocab_size", vocabularySize, in: ShapeLimits.vocabulary)
        try ShapeLimits.check("text_config.hidden_size", hiddenSize, in: ShapeLimits.widths)
        let matrix = try MatrixWeight(table, rows: vocabularySize, columns: hiddenSize, in: weights)
        let graph = GraphBuilder(name: "text_embeddings")
        let ids = try graph.parameter(PortName.inputIDs, .i64, [GraphShape.dynamic, GraphShape.dynamic])
        // Widening stands before Gather: the CPU plugin then keeps the compressed table and widens gathered rows only.
        // The other order makes it widen the whole table to f32 when it compiles (measured, OpenVINO 2026.4.1).
        try graph.result(try graph.gather(try graph.matrix(matrix), ids, axis: 0), PortName.inputsEmbeds)
        return try graph.emit(constantsOffset: constantsOffset)
    }
}
