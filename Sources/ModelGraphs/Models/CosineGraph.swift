import ElementTypes
import OpenVINO

/// Cosines between all pairs of rows: f32 [rows, width] → f32 [rows, rows]. A row of zeros is at right angles to all.
public enum CosineGraph {
    /// Rows are divided by their length, or by 10⁻¹² if that is more.
    ///
    /// - Throws: ``GraphError``.
    public static func emit() throws -> EmittedGraph {
        let graph = GraphBuilder(name: "cosines")
        let rows = try graph.parameter(PortName.features, .f32, [GraphShape.dynamic, GraphShape.dynamic])
        let length = try graph.unsqueeze(
            try graph.sqrt(try graph.reduceSum(try graph.multiply(rows, rows), axis: 1)), axis: 1)
        let least = try graph.constant(1e-12 as Float)
        let unit = try graph.divide(rows, try graph.select(try graph.greater(length, least), length, least))
        try graph.result(try graph.matMul(unit, unit, transposeRight: true), PortName.cosines)
        return try graph.emit(constantsOffset: 0)
    }
}
