/// Holds a graph's small generated constants (shapes, scalars, frequencies), which are not in the checkpoint.
///
/// The IR knows one weights buffer, so these bytes have to lie in it too: whoever loads or saves the graph puts them at
/// the `constantsOffset` it was emitted for. Equal constants are kept once.
struct ConstantPool {
    /// Every constant starts at a multiple of this, so that the runtime can use it where it lies.
    static let alignment = 64

    private(set) var bytes: [UInt8] = []
    private var offsets: [[UInt8]: Int] = [:]

    /// Returns where `constant` lies, counted from the pool's start.
    mutating func insert(_ constant: [UInt8]) -> Int {
        if let offset = offsets[constant] { return offset }
        let padding = (Self.alignment - bytes.count % Self.alignment) % Self.alignment
        bytes.append(contentsOf: repeatElement(0, count: padding))
        let offset = bytes.count
        bytes.append(contentsOf: constant)
        offsets[constant] = offset
        return offset
    }

    static func bytes(of values: [Int64]) -> [UInt8] {
        values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    }

    static func bytes(of values: [Float]) -> [UInt8] {
        values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
    }
}
