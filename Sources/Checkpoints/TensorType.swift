/// Element types a checkpoint may hold.
public enum TensorType: String, Sendable, CaseIterable {
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    // Recognised so that a file holding them opens; an error only when such a tensor is asked for.
    case f64 = "F64"
    case i64 = "I64"
    case i32 = "I32"
    case i16 = "I16"
    case i8 = "I8"
    case u8 = "U8"
    case u16 = "U16"
    case u32 = "U32"
    case u64 = "U64"
    case bool = "BOOL"
    case f8e4m3 = "F8_E4M3"
    case f8e5m2 = "F8_E5M2"

    public var byteWidth: Int {
        switch self {
        case .f64, .i64, .u64: 8
        case .f32, .i32, .u32: 4
        case .f16, .bf16, .i16, .u16: 2
        case .i8, .u8, .bool, .f8e4m3, .f8e5m2: 1
        }
    }

    /// Whether weights may be of this type.
    public var isWeight: Bool { self == .f32 || self == .f16 || self == .bf16 }
}

/// Where a tensor lies.
public struct TensorEntry: Sendable, Equatable {
    public let type: TensorType
    public let shape: [Int]
    /// In a shard: from the file's start. In `MappedWeights`: from the range's start.
    public var byteOffset: Int
    public let byteCount: Int

    public init(type: TensorType, shape: [Int], byteOffset: Int, byteCount: Int) {
        self.type = type
        self.shape = shape
        self.byteOffset = byteOffset
        self.byteCount = byteCount
    }
}
