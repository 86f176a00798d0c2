import CQuantization
import Testing

/// The quantiser's outputs as numbers again.
enum Quantizer {
    struct Result {
        var levels: [Int]
        var scales: [Float]
        /// Columns that share a scale.
        var group: Int
        var fits: Bool

        /// Values as a graph computes them.
        var values: [Float] { levels.indices.map { Float(levels[$0]) * scales[$0 / group] } }
    }

    static func int8(_ source: [Float], columns: Int) -> Result {
        let rows = source.count / columns
        var levels = [Int8](repeating: -128, count: source.count)
        var scales = [UInt16](repeating: 0x7E00, count: rows)
        let fits = cq_int8(source, rows, columns, &levels, &scales)
        return Result(levels: levels.map(Int.init), scales: widen(scales), group: columns, fits: fits)
    }

    static func int4(_ source: [Float], columns: Int, group: Int) -> Result {
        var packed = [UInt8](repeating: 0xEE, count: source.count / 2)
        var scales = [UInt16](repeating: 0x7E00, count: source.count / group)
        let fits = cq_int4(source, source.count / columns, columns, group, &packed, &scales)
        // The first of two values lies in the low half; both are in two's complement.
        let levels = packed.flatMap { [Int(Int8(bitPattern: $0 << 4) >> 4), Int(Int8(bitPattern: $0) >> 4)] }
        return Result(levels: levels, scales: widen(scales), group: group, fits: fits)
    }

    private static func widen(_ halves: [UInt16]) -> [Float] {
        var values = [Float](repeating: 0, count: halves.count)
        _ = cq_widen(halves, Int32(CQ_F16), halves.count, &values)
        return values
    }

    /// To half precision and back.
    static func rounded(_ value: Float) -> Float {
        var half: UInt16 = 0
        _ = cq_narrow([value], 1, &half)
        return widen([half])[0]
    }
}

/// Σ(x − y)².
func squaredError(_ values: some Sequence<Float>, _ others: some Sequence<Float>) -> Double {
    zip(values, others).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
}

/// Kinds of weights, [columns] each.
enum WeightSample: String, CaseIterable {
    case normal, uniform, heavyTails, outlier, sparse, constant, oneSided

    func row(_ count: Int, scale: Float, _ generator: inout SeededGenerator) -> [Float] {
        var row = (0..<count).map { _ in
            let normal = generator.normal()
            let uniform = Float.random(in: -1...1, using: &generator)
            let value: Float =
                switch self {
                case .normal, .outlier: normal
                case .uniform: uniform
                case .heavyTails: normal * normal * normal
                case .sparse: abs(uniform) > 0.9 ? normal : 0
                case .constant: 1
                case .oneSided: abs(normal)
                }
            return scale * value
        }
        if self == .outlier { row[Int.random(in: 0..<count, using: &generator)] = 12 * scale }
        return row
    }
}
