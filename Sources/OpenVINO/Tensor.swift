internal import COpenVINO
public import ElementTypes

/// A dense tensor in row-major order.
///
/// Not Sendable: its memory may be written by a request at any time, so it stays with the request's owner.
public final class Tensor {
    let pointer: OpaquePointer
    /// Keeps wrapped memory alive as long as this tensor.
    let memoryOwner: AnyObject?

    init(adopting pointer: OpaquePointer, memoryOwner: AnyObject? = nil) {
        self.pointer = pointer
        self.memoryOwner = memoryOwner
    }

    deinit { ovs_tensor_free(pointer) }

    /// Allocates a tensor. Its contents are not set.
    public init(_ elementType: ElementType, shape: [Int]) throws(OpenVINOError) {
        let (sizes, code) = (try unsignedShape(shape), try elementType.code())
        var result: OpaquePointer?
        try check(
            "allocate a tensor of shape \(shape)", ovs_tensor_create(code, sizes, sizes.count, &result))
        pointer = try handle("allocate a tensor", result)
        memoryOwner = nil
    }

    /// Wraps memory without copying it.
    ///
    /// - Parameters:
    ///   - memory: at least as large as the shape asks for, aligned for the element type.
    ///   - owner: retained until this tensor, and every model and request made from it, are gone.
    public init(_ elementType: ElementType, shape: [Int], memory: UnsafeMutableRawPointer, owner: AnyObject)
        throws(OpenVINOError)
    {
        let (sizes, code) = (try unsignedShape(shape), try elementType.code())
        var result: OpaquePointer?
        try check(
            "wrap a tensor of shape \(shape)",
            ovs_tensor_wrap(code, sizes, sizes.count, memory, &result))
        pointer = try handle("wrap a tensor", result)
        memoryOwner = owner
    }

    /// Allocates a tensor and fills it, row-major.
    public convenience init<Element: TensorElement>(_ elements: [Element], shape: [Int]) throws(OpenVINOError) {
        try self.init(Element.elementType, shape: shape)
        try write(elements)
    }

    /// Nil for a type of the runtime that this binding has no name for.
    public var elementType: ElementType? { information { type, _, _ in type } }
    public var shape: [Int] { information { _, sizes, _ in Array(sizes) } }
    public var byteCount: Int { information { _, _, byteCount in byteCount } }

    /// Changes the shape. The contents are kept only while the size does not grow; memory is reused where it suffices.
    public func reshape(_ shape: [Int]) throws(OpenVINOError) {
        let sizes = try unsignedShape(shape)
        try check("reshape a tensor to \(shape)", ovs_tensor_reshape(pointer, sizes, sizes.count))
    }

    /// Asks the runtime, without allocating.
    private func information<Result>(
        _ body: (_ type: ElementType?, _ shape: UnsafeMutableBufferPointer<Int>, _ byteCount: Int) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 8) { buffer in
            var type: Int32 = -1
            var rank = 0
            var byteCount = 0
            // A tensor that exists always has this; only more than 8 dimensions would fail, which nothing here makes.
            if let status = ovs_tensor_info(pointer, &type, buffer.baseAddress, &rank, &byteCount) {
                ovs_status_free(status)
                rank = 0
            }
            return body(
                ElementType(code: type), UnsafeMutableBufferPointer(rebasing: buffer[..<rank]), byteCount)
        }
    }
}

func unsignedShape(_ shape: [Int]) throws(OpenVINOError) -> [Int] {
    var elements = 1
    for dimension in shape {
        let (product, overflow) = elements.multipliedReportingOverflow(by: max(dimension, 1))
        guard dimension >= 0, !overflow, product < 1 << 48 else {
            throw OpenVINOError(operation: "make a tensor", message: "the shape \(shape) is negative or too large")
        }
        elements = product
    }
    return shape
}
