import HiRED
import ModelGraphs
import OpenVINO

/// Compares rows by a small graph of its own, compiled when a strategy first asks for it.
final class RowComparer {
    private let compiler: GraphCompiler
    private var request: InferRequest?

    init(_ compiler: GraphCompiler) { self.compiler = compiler }

    /// - Throws: `GraphError`, `OpenVINOError`, `HiREDError.invalidAttention`.
    func matrix(of rows: Comparison.Rows) throws -> CosineMatrix {
        let request = try self.request ?? compiler.compileCosines().makeRequest()
        self.request = request
        try request.set(
            PortName.features, try Tensor(rows.values, shape: [rows.count, rows.values.count / max(rows.count, 1)]))
        try request.infer()
        return try CosineMatrix(
            count: rows.count, values: try request.tensor(PortName.cosines).elements(of: Float.self))
    }
}
