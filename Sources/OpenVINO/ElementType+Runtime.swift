public import ElementTypes

extension ElementType {
    /// By the numbers of the shim's header.
    private static let codes: [Int32: ElementType] = [
        0: .boolean, 1: .f32, 2: .f16, 3: .bf16, 4: .i8, 5: .u8, 6: .i32, 7: .i64, 8: .i4, 9: .u4, 10: .f64,
    ]

    /// - Returns: nil for types of the runtime that this binding has no name for.
    init?(code: Int32) {
        guard let type = Self.codes[code] else { return nil }
        self = type
    }

    /// - Throws: `OpenVINOError` for types that no tensor of this binding has.
    func code() throws(OpenVINOError) -> Int32 {
        guard let code = Self.codes.first(where: { $0.value == self })?.key else {
            throw OpenVINOError(operation: "make a tensor", message: "elements of type \(rawValue) are not supported")
        }
        return code
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
