/// The loops over rows of floats that choosing spends its time in: raw pointers, eight numbers at a time, always in the
/// same order.
enum UnsafeRows {
    private typealias Lanes = SIMD8<Float>
    private static let width = 8

    private static func lanes(_ row: UnsafePointer<Float>, _ index: Int) -> Lanes {
        UnsafeRawPointer(row + index).loadUnaligned(as: Lanes.self)
    }

    /// Whether no number is infinite or not a number. O(values).
    static func isFinite(_ values: [Float]) -> Bool {
        values.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return true }
            // 0·x is 0 for every finite x, and not a number for all others.
            var sum = Lanes.zero
            var index = 0
            while index + width <= buffer.count {
                sum += lanes(base, index) * 0
                index += width
            }
            var rest = sum.sum()
            while index < buffer.count {
                rest += base[index] * 0
                index += 1
            }
            return rest == 0
        }
    }

    /// Rows of length 1, [count, width] for [count, width].
    static func normalized(_ values: [Float], count: Int) -> [Float] {
        let width = values.count / count
        var result = values
        result.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            for row in 0..<count {
                let start = base + row * width
                let length = max(dot(start, start, width).squareRoot(), 1e-12)
                for column in 0..<width { start[column] /= length }
            }
        }
        return result
    }

    private static func dot(_ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, _ count: Int) -> Float {
        var (first, second) = (Lanes.zero, Lanes.zero)
        var index = 0
        while index + 2 * width <= count {
            first += lanes(left, index) * lanes(right, index)
            second += lanes(left, index + width) * lanes(right, index + width)
            index += 2 * width
        }
        var sum = (first + second).sum()
        while index < count {
            sum += left[index] * right[index]
            index += 1
        }
        return sum
    }

    /// X·Xᵀ, [count, count].
    static func products(of values: [Float], count: Int) -> [Float] {
        let width = values.count / count
        return [Float](unsafeUninitializedCapacity: count * count) { result, filled in
            filled = count * count
            values.withUnsafeBufferPointer { buffer in
                guard let rows = buffer.baseAddress else { return }
                // Blocks of rows that stay in the cache while others pass.
                let block = 16
                for start in stride(from: 0, to: count, by: block) {
                    for other in start..<count {
                        for row in start..<min(start + block, other + 1) {
                            let product = dot(rows + row * width, rows + other * width, width)
                            result[row * count + other] = product
                            result[other * count + row] = product
                        }
                    }
                }
            }
        }
    }

    /// Σ max(0, row − covered).
    static func gain(_ row: UnsafePointer<Float>, over covered: UnsafePointer<Float>, _ count: Int) -> Float {
        var sum = Lanes.zero
        var index = 0
        while index + width <= count {
            let gain = lanes(row, index) - lanes(covered, index)
            sum += gain.replacing(with: 0, where: gain .< 0)
            index += width
        }
        var total = sum.sum()
        while index < count {
            total += max(0, row[index] - covered[index])
            index += 1
        }
        return total
    }

    /// The larger of each pair, into the second.
    static func raise(_ values: UnsafeMutablePointer<Float>, to row: UnsafePointer<Float>, _ count: Int) {
        for index in 0..<count { values[index] = max(values[index], row[index]) }
    }

    /// max(row + mask).
    static func largest(_ row: UnsafePointer<Float>, plus mask: UnsafePointer<Float>, _ count: Int) -> Float {
        var most = Lanes(repeating: -.infinity)
        var index = 0
        while index + width <= count {
            let value = lanes(row, index) + lanes(mask, index)
            most = most.replacing(with: value, where: value .> most)
            index += width
        }
        var result = most.max()
        while index < count {
            result = max(result, row[index] + mask[index])
            index += 1
        }
        return result
    }

    /// Lowers distances to 1 − row where that is less. The place of the largest of them afterwards, the lowest of
    /// several.
    static func lower(_ distances: UnsafeMutablePointer<Float>, by row: UnsafePointer<Float>, _ count: Int) -> Int {
        var most = Lanes(repeating: -.infinity)
        var index = 0
        while index + width <= count {
            let old = lanes(distances, index)
            let new = 1 - lanes(row, index)
            let value = old.replacing(with: new, where: new .< old)
            UnsafeMutableRawPointer(distances + index).storeBytes(of: value, as: Lanes.self)
            most = most.replacing(with: value, where: value .> most)
            index += width
        }
        var result = most.max()
        while index < count {
            distances[index] = min(distances[index], 1 - row[index])
            result = max(result, distances[index])
            index += 1
        }
        for place in 0..<count where distances[place] == result { return place }
        return 0
    }
}
