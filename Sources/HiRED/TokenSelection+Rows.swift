extension TokenSelection {
    /// The rows that the slots stand for, in packed order and without separators: [K, width]. A merged one is the sum
    /// of its tokens' rows times their weights, in that order, in float32.
    ///
    /// - Parameters:
    ///   - views: features or projected tokens of each partition, row-major [N, width], with the CLS token's row in front
    ///     where the selection has one; nil for a partition that was not encoded.
    ///   - width: numbers in a row.
    /// - Throws: `HiREDError.invalidSelection` for a token whose row is not there. O((kept + merged tokens)·width).
    public func rows(of views: [[Float]?], width: Int) throws(HiREDError) -> [Float] {
        // No row is longer than a view; this also keeps what follows from overflowing.
        let longest = views.reduce(0) { max($0, $1?.count ?? 0) }
        guard width > 0, width <= longest else { throw .invalidSelection("rows of \(width) numbers") }
        let shift = slots.first == .classToken ? 1 : 0

        func range(_ partition: Int, _ index: Int) throws(HiREDError) -> Range<Int> {
            guard views.indices.contains(partition), let view = views[partition], index >= 0,
                index < view.count / width
            else { throw .invalidSelection("token \(index) of partition \(partition) was not encoded") }
            return (index * width)..<((index + 1) * width)
        }

        var result: [Float] = []
        result.reserveCapacity(slots.count * width)
        for (number, slot) in slots.enumerated() {
            switch slot {
            case .separator: break
            case .classToken:
                let range = try range(0, 0)
                if let view = views[0] { result += view[range] }
            case .token(let partition, let index) where merges[number] == nil:
                let range = try range(partition, index + shift)
                if let view = views[partition] { result += view[range] }
            case .token, .merged:
                let start = result.count
                result += repeatElement(0, count: width)
                for part in merges[number] ?? [] {
                    let range = try range(part.partition, part.index)
                    guard let view = views[part.partition] else { continue }
                    for column in 0..<width {
                        result[start + column] += part.weight * view[range.lowerBound + column]
                    }
                }
            }
        }
        return result
    }
}
