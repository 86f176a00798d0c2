import ElementTypes
import OpenVINO
import Testing

@testable import ModelGraphs

/// Integer matrices: the graph computes with exactly (value − zero point) · scale, without unfolding the constant.
@Suite struct QuantizedWeightTests {
    struct Form: Sendable, CustomTestStringConvertible {
        var type: ElementType
        var groups: Int
        var hasZeroPoint: Bool
        var testDescription: String { "\(type.rawValue), \(groups) groups\(hasZeroPoint ? ", zero point" : "")" }
    }

    private static let rows = 48
    private static let columns = 64

    /// What a matrix element, scale and zero point are: any pattern that uses the type's whole range.
    private func value(_ index: Int, _ type: ElementType) -> Int {
        let span = 1 << type.bitWidth
        let pattern = (index * 37 + index / 11) % span
        return type == .i8 || type == .i4 ? pattern - span / 2 : pattern
    }

    private func pack(_ values: [Int], _ type: ElementType) -> [UInt8] {
        guard type.bitWidth == 4 else { return values.map { UInt8(truncatingIfNeeded: $0) } }
        return stride(from: 0, to: values.count, by: 2).map {
            UInt8(truncatingIfNeeded: values[$0] & 15 | (values[$0 + 1] & 15) << 4)
        }
    }

    @Test(arguments: [
        Form(type: .i8, groups: 1, hasZeroPoint: false), Form(type: .u8, groups: 1, hasZeroPoint: true),
        Form(type: .i4, groups: 1, hasZeroPoint: false), Form(type: .i4, groups: 2, hasZeroPoint: false),
        Form(type: .u4, groups: 2, hasZeroPoint: true), Form(type: .i8, groups: 4, hasZeroPoint: false),
    ])
    func productsAndLookups(form: Form) throws {
        let (rows, columns, groups) = (Self.rows, Self.columns, form.groups)
        let values = (0..<rows * columns).map { value($0, form.type) }
        let zeroPoints = (0..<rows * groups).map { form.hasZeroPoint ? value($0 * 5 + 3, form.type) : 0 }
        // Powers of two, whose half-precision bits are easily written: 2^−e is (15 − e) << 10.
        let exponents = (0..<rows * groups).map { 5 + $0 % 4 }
        let dequantized = (0..<rows * columns).map { index -> Float in
            let group = index / columns * groups + index % columns / (columns / groups)
            return Float(values[index] - zeroPoints[group]) / Float(1 << exponents[group])
        }

        var buffer: [UInt8] = []
        func tensor(_ name: String, _ type: ElementType, _ shape: GraphShape, _ bytes: [UInt8]) throws
            -> WeightTensor
        {
            defer { buffer += bytes }
            return try WeightTensor(
                name: name, elementType: type, shape: shape, byteOffset: buffer.count, byteCount: bytes.count)
        }
        var tensors = [
            try tensor("m", form.type, [rows, columns], pack(values, form.type)),
            try tensor(
                "m.scale", .f16, [rows, groups],
                exponents.flatMap { [0, UInt8((15 - $0) << 2)] }),
        ]
        if form.hasZeroPoint {
            tensors.append(
                try tensor("m.zero_point", form.type, [rows, groups], pack(zeroPoints, form.type)))
        }
        let matrix = try MatrixWeight("m", rows: rows, columns: columns, in: WeightTable(tensors))

        let builder = GraphBuilder(name: "quantized")
        let input = try builder.parameter("x", .f32, [GraphShape.dynamic, columns])
        try builder.result(try builder.linear(input, matrix), "product")
        let ids = try builder.parameter("ids", .i64, [GraphShape.dynamic])
        try builder.result(try builder.gather(try builder.matrix(matrix), ids, axis: 0), "rows")
        buffer += [UInt8](repeating: 0, count: (64 - buffer.count % 64) % 64)
        let graph = try builder.emit(constantsOffset: buffer.count)
        let runner = try GraphRunner()
        let compiled = try runner.compile(try runner.model(graph, buffer: buffer + graph.constants))
        let request = try compiled.makeRequest()

        let activations = (0..<3 * columns).map { Float(($0 * 29) % 17 - 8) / 8 }
        try request.set("x", try Tensor(activations, shape: [3, columns]))
        try request.set("ids", try Tensor([5, 0, Int64(rows - 1)], shape: [3]))
        try request.infer()
        let expected = (0..<3 * rows).map { index -> Float in
            (0..<columns).reduce(0) { sum, column in
                sum + activations[index / rows * columns + column] * dequantized[index % rows * columns + column]
            }
        }
        #expect(try relativeError(try request.tensor("product").elements(of: Float.self), expected) < 1e-5)
        let picked = [5, 0, rows - 1].flatMap { dequantized[$0 * columns..<($0 + 1) * columns] }
        #expect(try request.tensor("rows").elements(of: Float.self) == picked)
        #expect(try compiled.executedNodeCount("FullyConnected") == 1)
        #expect(try compiled.executedNodeCount("Gather") == 1)
    }
}
