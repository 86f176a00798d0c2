/// The shape of a tensor in a graph. A dimension known only when the graph runs is ``dynamic``.
public struct GraphShape: Sendable, Hashable, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// Stands for a dimension that is known only at run time, as in the IR's ports.
    public static let dynamic = -1

    public var dimensions: [Int]

    public init(_ dimensions: [Int]) {
        self.dimensions = dimensions
    }

    public init(arrayLiteral elements: Int...) {
        dimensions = elements
    }

    public var rank: Int { dimensions.count }

    public var isStatic: Bool { !dimensions.contains { $0 < 0 } }

    /// How many elements there are; nil when a dimension is dynamic or the product does not fit an `Int`.
    public var elementCount: Int? {
        var count = 1
        for dimension in dimensions {
            guard dimension >= 0 else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            if overflow { return nil }
            count = product
        }
        return count
    }

    public subscript(axis: Int) -> Int {
        dimensions[axis]
    }

    public var description: String {
        "[" + dimensions.map { $0 < 0 ? "?" : String($0) }.joined(separator: ", ") + "]"
    }

    /// `axis` counted from the front, or nil when there is no such axis.
    func resolvedAxis(_ axis: Int) -> Int? {
        let resolved = axis < 0 ? axis + rank : axis
        return resolved >= 0 && resolved < rank ? resolved : nil
    }

    /// The shape of an elementwise operation on both, by NumPy's rules. A dynamic dimension meeting a larger one takes
    /// the larger; nil when the two do not fit.
    func broadcast(with other: GraphShape) -> GraphShape? {
        let rank = max(rank, other.rank)
        var result = [Int](repeating: 1, count: rank)
        for offset in 1...max(rank, 1) where offset <= rank {
            let left = offset <= self.rank ? dimensions[self.rank - offset] : 1
            let right = offset <= other.rank ? other.dimensions[other.rank - offset] : 1
            guard let merged = Self.broadcast(left, right) else { return nil }
            result[rank - offset] = merged
        }
        return GraphShape(result)
    }

    private static func broadcast(_ left: Int, _ right: Int) -> Int? {
        if left == right { return left }
        if left == 1 { return right }
        if right == 1 { return left }
        if left == dynamic { return right }
        if right == dynamic { return left }
        return nil
    }
}
