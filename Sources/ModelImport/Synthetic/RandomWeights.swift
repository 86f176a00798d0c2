import Checkpoints
import ElementTypes
import Foundation

/// f16 weights that are made up as they are read: matrices normal with a deviation of 0.02, norms and layer scales 1,
/// biases 0.
///
/// Every value depends on the seed, the tensor's name and its place alone.
struct RandomWeights: WeightSource {
    let tensors: [String: TensorEntry]
    let files = ["synthetic weights"]
    private let seed: UInt64
    /// 65,536 quantiles of the normal distribution, as f16.
    private let quantiles: [UInt16]

    init(shapes: [String: [Int]], seed: UInt64) {
        self.seed = seed
        tensors = Dictionary(
            uniqueKeysWithValues: shapes.map { name, shape in
                let entry = TensorEntry(
                    name: name, elementType: .f16, shape: shape, byteCount: 2 * shape.reduce(1, *),
                    file: "synthetic weights", fileOffset: 0, byteOffset: 0)
                return (name, entry)
            })
        quantiles = (0..<65_536).map { Self.half(0.02 * Self.normalQuantile((Double($0) + 0.5) / 65_536)) }
    }

    func read(_ tensor: TensorEntry, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        let values = buffer.bindMemory(to: UInt16.self)
        if tensor.shape.count == 1,
            tensor.name.hasSuffix("norm.weight") || tensor.name.contains("layer_norm")
                || tensor.name.hasSuffix(".bias") || tensor.name.contains("layrnorm")
                || tensor.name.contains("layernorm") || tensor.name.contains("lambda_")
        {
            values.update(repeating: tensor.name.hasSuffix(".bias") ? 0 : 0x3C00)
            return
        }
        // FNV-1a of the name sets tensors apart.
        let name = tensor.name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let start = offset / 2
        quantiles.withUnsafeBufferPointer { quantiles in
            var bits: UInt64 = 0
            for index in values.indices {
                let place = start + index
                if index == 0 || place % 4 == 0 { bits = Self.mix(seed ^ name &+ UInt64(place / 4)) }
                values[index] = quantiles[Int((bits >> (16 * UInt64(place % 4))) & 0xFFFF)]
            }
        }
    }

    /// SplitMix64's output function (Steele, Lea and Flood 2014).
    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// By bisection of the error function: 65,536 values are computed once.
    private static func normalQuantile(_ share: Double) -> Double {
        var (low, high) = (-6.0, 6.0)
        for _ in 0..<40 {
            let middle = (low + high) / 2
            if erfc(-middle / 2.0.squareRoot()) / 2 < share { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// To half precision for magnitudes between 2^-14 and 1; smaller ones become 0.
    private static func half(_ value: Double) -> UInt16 {
        let bits = Float(value).bitPattern
        guard abs(value) >= 0x1p-14 else { return 0 }
        return UInt16(bits >> 16 & 0x8000) | UInt16(truncatingIfNeeded: ((bits & 0x7FFF_FFFF) &- 0x3800_0000) >> 13)
    }
}
