/// A checked view of a storage: sizes and strides in elements.
struct TensorView: Sendable, Hashable {
    var shape: [Int]
    var strides: [Int]
    /// The storage's elements from the first to the last that the view shows.
    var span: Range<Int>

    /// PyTorch's own bound is 64; anything a model holds has at most a handful.
    static let dimensionLimit = 64

    /// - Returns: `nil` where the view reaches outside its storage, or shows more elements than that has, as an
    ///   expanded one does: such a file could ask for any amount of memory.
    init?(_ tensor: PickleTensor) {
        let count = tensor.storage.elementCount
        guard tensor.shape.count == tensor.strides.count, tensor.shape.count <= Self.dimensionLimit,
            tensor.offset >= 0, tensor.offset <= count
        else { return nil }
        var elements = 1
        var last = tensor.offset
        for (size, stride) in zip(tensor.shape, tensor.strides) {
            guard size >= 0, stride >= 0 else { return nil }
            let (product, isTooMany) = elements.multipliedReportingOverflow(by: size)
            let (reach, isTooFar) = max(size - 1, 0).multipliedReportingOverflow(by: stride)
            let (sum, isOutside) = last.addingReportingOverflow(reach)
            guard !isTooMany, !isTooFar, !isOutside else { return nil }
            elements = product
            last = sum
        }
        guard elements <= count, elements == 0 || last < count else { return nil }
        shape = tensor.shape
        strides = tensor.strides
        span = elements == 0 ? tensor.offset..<tensor.offset : tensor.offset..<last + 1
    }

    /// Whether the elements lie one after another in row-major order.
    var isContiguous: Bool {
        if span.isEmpty { return true }
        var expected = 1
        for (size, stride) in zip(shape, strides).reversed() where size != 1 {
            if stride != expected { return false }
            expected *= size
        }
        return true
    }

    /// Copies the elements of a span in row-major order.
    /// - Complexity: O(elements · dimensions).
    func gather(_ source: UnsafeRawBufferPointer, elementSize: Int, into target: UnsafeMutableRawBufferPointer) {
        var index = [Int](repeating: 0, count: shape.count)
        var place = 0
        for start in stride(from: 0, to: target.count, by: elementSize) {
            target[start..<start + elementSize].copyBytes(from: source[place * elementSize..<(place + 1) * elementSize])
            var dimension = shape.count - 1
            while dimension >= 0 {
                index[dimension] += 1
                place += strides[dimension]
                if index[dimension] < shape[dimension] { break }
                place -= index[dimension] * strides[dimension]
                index[dimension] = 0
                dimension -= 1
            }
        }
    }
}
