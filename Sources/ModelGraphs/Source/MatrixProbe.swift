import ElementTypes
import OpenVINO

/// One matrix product with the language model's kind of weights and properties: what its prefill is held against.
package final class MatrixProbe {
    /// Rows of the input, and the matrix's.
    package static let (rows, width) = (2048, 4096)
    /// A multiplication and an addition count two.
    package static let operations = 2.0 * Double(rows) * Double(width) * Double(width)

    private let request: InferRequest

    /// - Throws: `GraphError`, `CheckpointError`, `OpenVINOError`.
    package init(_ compiler: GraphCompiler) throws {
        let types = Set(try compiler.source.storedWeights().filter { $0.part == .languageModel }.map(\.type))
        let type = [ElementType.i4, .u4, .i8, .u8, .bf16, .f32].first { types.contains($0.rawValue) } ?? .f16
        // As import makes them, where the model's own would not divide this matrix.
        let own = try compiler.weightGroup() ?? ActivationGroups.largest
        let group = Self.width.isMultiple(of: own) ? own : ActivationGroups.largest
        let graph = GraphBuilder(name: "matrix")
        let (values, bytes) = (Self.width * Self.width, Self.width * Self.width * type.bitWidth / 8)
        let tensor = try WeightTensor(
            name: "matrix", elementType: type, shape: [Self.width, Self.width], byteOffset: 0, byteCount: bytes)
        let groups = type.bitWidth == 4 ? Self.width / group : 1
        let scale = try WeightTensor(
            name: "matrix" + MatrixWeight.scaleSuffix, elementType: .f16, shape: [Self.width, groups],
            byteOffset: bytes, byteCount: 2 * Self.width * groups)
        let matrix: MatrixWeight =
            type.bitWidth <= 8 ? .quantized(values: tensor, scale: scale, zeroPoint: nil) : .float(tensor)
        let input = try graph.parameter("input", .f32, [GraphShape.dynamic, Self.width])
        try graph.result(try graph.linear(input, matrix), "output")
        let emitted = try graph.emit(constantsOffset: bytes + scale.byteCount)
        let weights = try Tensor(.u8, shape: [emitted.requiredBufferSize])
        try weights.withElements(of: UInt8.self) { target in
            // Small numbers of every type; what they are does not matter to the speed.
            for index in 0..<values * type.bitWidth / 8 { target[index] = index % 2 == 0 ? 0x11 : 0x21 }
            for index in bytes..<bytes + scale.byteCount { target[index] = index % 2 == 0 ? 0 : 0x21 }
            for (index, byte) in emitted.constants.enumerated() { target[emitted.constantsOffset + index] = byte }
        }
        request = try compiler.compileLikeLanguageModel(xml: emitted.xml, weights: weights).makeRequest()
        let ramp = try Tensor(.f32, shape: [Self.rows, Self.width])
        try ramp.withElements(of: Float.self) { target in
            for index in target.indices { target[index] = Float(index % 17) / 17 - 0.5 }
        }
        try request.set("input", ramp)
        try request.infer()
    }

    /// Milliseconds of one product.
    package func time() throws -> Double {
        let start = ContinuousClock.now
        try request.infer()
        return (ContinuousClock.now - start) / .milliseconds(1)
    }
}
