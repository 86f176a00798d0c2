internal import COpenVINO

/// Element types of tensors and ports.
public enum ElementType: Int32, Sendable {
    case boolean = 0
    case f32, f16, bf16, i8, u8, i32, i64, i4, u4, f64
    /// A type of the runtime that this binding has no name for.
    case other = -1

    /// The name in OpenVINO's IR files.
    public var name: String { self == .other ? "other" : "\(self)" }

    /// Bits of one element; 0 for `other`.
    public var bitWidth: Int {
        switch self {
        case .boolean, .i8, .u8: 8
        case .f16, .bf16: 16
        case .f32, .i32: 32
        case .i64, .f64: 64
        case .i4, .u4: 4
        case .other: 0
        }
    }
}

/// Swift types that tensors can be read and written as.
public protocol TensorElement: BitwiseCopyable {
    static var elementType: ElementType { get }
}

extension Float: TensorElement { public static var elementType: ElementType { .f32 } }
extension Int32: TensorElement { public static var elementType: ElementType { .i32 } }
extension Int64: TensorElement { public static var elementType: ElementType { .i64 } }
extension UInt8: TensorElement { public static var elementType: ElementType { .u8 } }
extension Int8: TensorElement { public static var elementType: ElementType { .i8 } }
