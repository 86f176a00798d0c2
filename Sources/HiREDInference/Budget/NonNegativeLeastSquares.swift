/// Least squares with coefficients that cannot be negative, for a handful of unknowns.
enum NonNegativeLeastSquares {
    /// One equation: features · coefficients ≈ value, weighted.
    struct Point: Equatable {
        var features: [Double]
        var value: Double
        var weight = 1.0
    }

    /// The coefficients of the smallest weighted squared error, each 0 or above.
    ///
    /// The best solution is the unconstrained one of some subset of the unknowns. All are tried: with n unknowns that is
    /// O(2ⁿ·(n³ + n²·points)), nothing for the three that are needed here. All 0 without usable points.
    static func solve(_ points: [Point]) -> [Double] {
        let count = points.first?.features.count ?? 0
        var best = (coefficients: [Double](repeating: 0, count: count), error: Double.infinity)
        for subset in 0..<(1 << count) {
            let unknowns = (0..<count).filter { subset >> $0 & 1 == 1 }
            guard let found = solve(points, unknowns: unknowns), found.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
                continue
            }
            var coefficients = [Double](repeating: 0, count: count)
            for (place, unknown) in unknowns.enumerated() { coefficients[unknown] = found[place] }
            let error = points.reduce(0) { sum, point in
                let difference = zip(point.features, coefficients).reduce(-point.value) { $0 + $1.0 * $1.1 }
                return sum + point.weight * difference * difference
            }
            if error < best.error { best = (coefficients, error) }
        }
        return best.coefficients
    }

    /// The normal equations of some of the unknowns, by elimination with pivots; nil when they have no single solution.
    private static func solve(_ points: [Point], unknowns: [Int]) -> [Double]? {
        let size = unknowns.count
        // Columns are scaled to length 1: T² is a million times T⁰.
        let scales = unknowns.map { unknown in
            points.reduce(0) { $0 + $1.weight * $1.features[unknown] * $1.features[unknown] }.squareRoot()
        }
        guard scales.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
        var rows = (0..<size).map { row in
            (0...size).map { column in
                points.reduce(0) { sum, point in
                    let right = column == size ? point.value : point.features[unknowns[column]] / scales[column]
                    return sum + point.weight * point.features[unknowns[row]] / scales[row] * right
                }
            }
        }
        for column in 0..<size {
            guard let pivot = (column..<size).max(by: { abs(rows[$0][column]) < abs(rows[$1][column]) }),
                abs(rows[pivot][column]) > 1e-12
            else { return nil }
            rows.swapAt(column, pivot)
            for row in 0..<size where row != column {
                let factor = rows[row][column] / rows[column][column]
                for place in column...size { rows[row][place] -= factor * rows[column][place] }
            }
        }
        return (0..<size).map { rows[$0][size] / rows[$0][$0] / scales[$0] }
    }
}
