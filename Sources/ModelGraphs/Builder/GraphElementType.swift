/// The element types a graph's tensors can have, named as OpenVINO names them.
public enum GraphElementType: String, Sendable, Hashable, CaseIterable {
    case f32, f16, bf16, i64, i32, i8, u8, i4, u4, boolean

    /// Bits one element takes in a weights buffer. Two four-bit elements share a byte, the first in the low half.
    public var bitWidth: Int {
        switch self {
        case .i64: 64
        case .f32, .i32: 32
        case .f16, .bf16: 16
        case .i8, .u8, .boolean: 8
        case .i4, .u4: 4
        }
    }

    public var isFloatingPoint: Bool {
        switch self {
        case .f32, .f16, .bf16: true
        case .i64, .i32, .i8, .u8, .i4, .u4, .boolean: false
        }
    }

    /// The name that a port's `precision` attribute takes in the IR.
    var portPrecision: String {
        self == .boolean ? "BOOL" : self == .f32 ? "FP32" : self == .f16 ? "FP16" : rawValue.uppercased()
    }

    /// Bytes that `elementCount` elements take, or nil when the count is negative or too large.
    public func byteCount(elementCount: Int) -> Int? {
        let (bits, overflow) = elementCount.multipliedReportingOverflow(by: bitWidth)
        guard !overflow, bits >= 0, bits <= Int.max - 7 else { return nil }
        return (bits + 7) / 8
    }
}
