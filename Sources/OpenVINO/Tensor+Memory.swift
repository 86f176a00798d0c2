internal import COpenVINO
import ElementTypes

/// Raw memory of tensors, lent for the length of a closure.
extension Tensor {
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        try withUnsafeMutableBytes { try body(UnsafeRawBufferPointer($0)) }
    }

    public func withUnsafeMutableBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) throws -> Result) throws
        -> Result
    {
        var data: UnsafeMutableRawPointer?
        let count = byteCount
        if count > 0 { try check("reach a tensor's memory", ovs_tensor_data(pointer, &data)) }
        // The memory goes with the tensor, and the pointer alone does not hold it.
        return try withExtendedLifetime(self) {
            try body(UnsafeMutableRawBufferPointer(start: data, count: data == nil ? 0 : count))
        }
    }

    /// - Throws: `OpenVINOError` when the tensor's element type is another.
    public func withElements<Element: TensorElement, Result>(
        of type: Element.Type, _ body: (UnsafeMutableBufferPointer<Element>) throws -> Result
    ) throws -> Result {
        let held = elementType
        guard held == Element.elementType else {
            throw OpenVINOError(
                operation: "read a tensor as \(Element.elementType.rawValue)",
                message: "its elements are \(held?.rawValue ?? "unknown")")
        }
        return try withUnsafeMutableBytes { bytes in try body(bytes.bindMemory(to: Element.self)) }
    }

    /// A copy of the elements, row-major.
    public func elements<Element: TensorElement>(of type: Element.Type) throws -> [Element] {
        try withElements(of: type) { Array($0) }
    }

    /// - Throws: `OpenVINOError` when type or count differ.
    public func write<Element: TensorElement>(_ elements: [Element]) throws(OpenVINOError) {
        do {
            try withElements(of: Element.self) { buffer in
                guard buffer.count == elements.count else {
                    throw OpenVINOError(
                        operation: "fill a tensor of shape \(shape)", message: "\(elements.count) elements were given")
                }
                _ = buffer.update(from: elements)
            }
        } catch let error as OpenVINOError {
            throw error
        } catch {
            throw OpenVINOError(operation: "fill a tensor", message: "\(error)")
        }
    }
}
