/// The types of a tensor's elements: in checkpoint files, in graphs, and in the runtime. Raw values are the names that
/// OpenVINO's IR has for them.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
    case f32, f16, bf16, f64
    case i64, i32, i16, i8
    /// Two share a byte, the first in the low half.
    case i4
    case u64, u32, u16, u8
    /// Two share a byte, the first in the low half.
    case u4
    case boolean
    // Known, so that a checkpoint file holding one still opens.
    case c64
    case f8e5m2 = "f8_e5m2"
    case f8e4m3 = "f8_e4m3"
    case f8e8m0 = "f8_e8m0"
    case f6e2m3 = "f6_e2m3"
    case f6e3m2 = "f6_e3m2"
    case f4

    public var bitWidth: Int {
        switch self {
        case .f64, .i64, .u64, .c64: 64
        case .f32, .i32, .u32: 32
        case .f16, .bf16, .i16, .u16: 16
        case .i8, .u8, .boolean, .f8e5m2, .f8e4m3, .f8e8m0: 8
        case .f6e2m3, .f6e3m2: 6
        case .i4, .u4, .f4: 4
        }
    }

    /// Whether models are computed with weights of this type as they are.
    public var isSupportedFloat: Bool { self == .f32 || self == .f16 || self == .bf16 }

    /// Bytes that `elementCount` elements take, or nil when the count is negative or too large.
    public func byteCount(elementCount: Int) -> Int? {
        let (bits, overflow) = elementCount.multipliedReportingOverflow(by: bitWidth)
        guard !overflow, bits >= 0, bits <= Int.max - 7 else { return nil }
        return (bits + 7) / 8
    }
}

extension ElementType {
    /// The name in safetensors files.
    public var safetensorsName: String { self == .boolean ? "BOOL" : rawValue.uppercased() }

    /// - Returns: nil for names the format does not have; it has no integers of four bits.
    public init?(safetensorsName name: String) {
        guard let type = Self.allCases.first(where: { $0.safetensorsName == name }), type != .i4, type != .u4 else {
            return nil
        }
        self = type
    }
}
