import ElementTypes

/// How an imported model's matrices are stored.
public enum WeightFormat: String, Sendable, Hashable, CaseIterable {
    /// 16 bits as the checkpoint has them: f16, or bf16 where the source is bf16. f32 becomes f16.
    case f16
    /// 8 bits, one scale for each output channel.
    case int8
    /// 4 bits, one scale for each group of 128 columns (64 or 32 where 128 does not divide the width). The token table,
    /// the output head, and matrices that no group size divides, stay at 8.
    case int4
}

/// How one tensor is stored.
enum TensorFormat: Hashable {
    /// As the source has it.
    case copy
    /// f32 to f16.
    case half
    case int8
    case int4(group: Int)

    /// The group sizes of int4, the widest first: fewer scales to read.
    static let groups = [128, 64, 32]

    /// The format of a matrix [rows, columns].
    init(matrix format: WeightFormat, columns: Int, isFloat32: Bool) {
        switch format {
        case .f16: self = isFloat32 ? .half : .copy
        case .int8: self = .int8
        case .int4: self = Self.groups.first { columns.isMultiple(of: $0) }.map { .int4(group: $0) } ?? .int8
        }
    }

    /// Scales in one row; 0 for floats.
    func groupCount(columns: Int) -> Int {
        switch self {
        case .copy, .half: 0
        case .int8: 1
        case .int4(let group): columns / group
        }
    }
}
