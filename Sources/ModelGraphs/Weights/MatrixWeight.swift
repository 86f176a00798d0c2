import ElementTypes

/// A matrix [rows, columns] in one of the forms that the CPU plugin computes with directly.
///
/// Quantised values stand in the table under the matrix's own name and shape; what they are multiplied with, under the
/// name with ``scaleSuffix``: f16 [rows, groups], one group for the whole row when `groups` is 1. Unsigned values may
/// have a zero point with ``zeroPointSuffix``: the values' type, the scale's shape.
public enum MatrixWeight: Sendable, Hashable {
    /// f32, f16 or bf16 [rows, columns].
    case float(WeightTensor)
    /// i8, u8, i4 or u4 [rows, columns] · scale (after subtracting the zero point).
    case quantized(values: WeightTensor, scale: WeightTensor, zeroPoint: WeightTensor?)

    public static let scaleSuffix = ".scale"
    public static let zeroPointSuffix = ".zero_point"

    /// Finds the matrix called `name` and, where it is quantised, its scale and zero point.
    ///
    /// - Throws: ``GraphError`` naming the tensor when one is missing or has the wrong shape or type.
    public init(_ name: String, rows: Int, columns: Int, in table: WeightTable) throws {
        let values = try table.tensor(name, shape: [rows, columns])
        switch values.elementType {
        case .f32, .f16, .bf16:
            self = .float(values)
        case .i8, .u8, .i4, .u4:
            let scaleName = name + Self.scaleSuffix
            let scale = try table.tensor(scaleName)
            guard scale.shape.rank == 2, scale.shape[0] == rows, scale.shape[1] > 0, columns % scale.shape[1] == 0
            else {
                throw GraphError.tensorShape(name: scaleName, expected: [rows, 1], found: scale.shape)
            }
            guard scale.elementType == .f16 else {
                throw GraphError.tensorType(name: scaleName, expected: "f16", found: scale.elementType)
            }
            let zeroPointName = name + Self.zeroPointSuffix
            let zeroPoint = table[zeroPointName]
            if let zeroPoint {
                guard zeroPoint.shape == scale.shape else {
                    throw GraphError.tensorShape(name: zeroPointName, expected: scale.shape, found: zeroPoint.shape)
                }
                guard zeroPoint.elementType == values.elementType else {
                    throw GraphError.tensorType(
                        name: zeroPointName, expected: values.elementType.rawValue, found: zeroPoint.elementType)
                }
            }
            self = .quantized(values: values, scale: scale, zeroPoint: zeroPoint)
        default:
            throw GraphError.tensorType(
                name: name, expected: "f32, f16, bf16, i8, u8, i4 or u4", found: values.elementType)
        }
    }
}

extension GraphBuilder {
    /// The matrix as f32 [rows, columns], in the pattern that the CPU plugin keeps compressed in memory:
    /// `Const → Convert` for floats, `Const → Convert(f16) → [Subtract] → Multiply → [Reshape] → Convert(f32)` else.
    func matrix(_ matrix: MatrixWeight) throws -> GraphValue {
        switch matrix {
        case .float(let tensor):
            recordUse(of: tensor, isMatrix: true)
            return try floatWeight(tensor)
        case .quantized(let values, let scale, let zeroPoint):
            recordUse(of: values, isMatrix: true)
            let (rows, columns, groups) = (values.shape[0], values.shape[1], scale.shape[1])
            // One group per row needs no regrouping; more groups get a dimension of their own, which the scale spans.
            let grouped: GraphShape = groups == 1 ? [rows, columns] : [rows, groups, columns / groups]
            let spread: GraphShape = groups == 1 ? [rows, 1] : [rows, groups, 1]
            let wide = try convert(try weight(values, shape: grouped), to: .f16)
            let centred =
                if let zeroPoint {
                    try subtract(wide, try convert(try weight(zeroPoint, shape: spread), to: .f16))
                } else {
                    wide
                }
            let scaled = try multiply(centred, try weight(scale, shape: spread))
            let flat = groups == 1 ? scaled : try reshape(scaled, [rows, columns])
            return try convert(flat, to: .f32)
        }
    }

    /// `input · weightᵀ + bias`, the weight being [outputs, inputs].
    func linear(_ input: GraphValue, _ weight: MatrixWeight, bias: WeightTensor? = nil) throws -> GraphValue {
        let product = try matMul(input, try matrix(weight), transposeRight: true)
        guard let bias else { return product }
        return try add(product, try rowVector(bias, rank: product.shape.rank))
    }

    /// A vector of the checkpoint as f32 [1, …, 1, n], as wide in rank as what it is combined with.
    func rowVector(_ tensor: WeightTensor, rank: Int) throws -> GraphValue {
        try floatWeight(
            tensor, shape: GraphShape([Int](repeating: 1, count: max(rank - 1, 0)) + tensor.shape.dimensions))
    }
}
