/// The cosines between all pairs of some rows: [count, count], symmetric. A row of zeros is at right angles to all.
public struct CosineMatrix: Sendable, Equatable {
    public let count: Int
    /// Row-major.
    public let values: [Float]

    /// Cosines that were computed elsewhere.
    ///
    /// - Throws: `HiREDError.invalidAttention` for another number of values, or one that is not finite. O(count²).
    public init(count: Int, values: [Float]) throws(HiREDError) {
        let (needed, overflow) = count.multipliedReportingOverflow(by: count)
        guard count > 0, !overflow, values.count == needed else {
            throw .invalidAttention("\(values.count) cosines of \(count) rows")
        }
        guard UnsafeRows.isFinite(values) else {
            throw .invalidAttention("cosines that are not finite; the weights may be damaged")
        }
        self.count = count
        self.values = values
    }

    /// Compares rows: x·y / (|x|·|y|), with |x| at least 10⁻¹², in float32. O(count²·width).
    ///
    /// - Throws: `HiREDError.invalidAttention` for rows without a number in them.
    public init(comparing rows: Comparison.Rows) throws(HiREDError) {
        let count = rows.count
        guard count > 0, !rows.values.isEmpty, rows.values.count % count == 0 else {
            throw .invalidAttention("\(rows.values.count) values of \(count) rows")
        }
        let unit = UnsafeRows.normalized(rows.values, count: count)
        self.count = count
        values = UnsafeRows.products(of: unit, count: count)
    }
}
