import ElementTypes
import Foundation
import Testing

@testable import Checkpoints

/// Tensors as the Python writer saw them.
struct TensorFixture: Decodable {
    struct Tensor: Decodable {
        var dtype: String
        var shape: [Int]
        var values: [Double]
    }

    var schema: Int
    var versions: [String: String]
    var tensors: [String: Tensor]

    init(named name: String) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: try fixtureURL(name)))
        try #require(schema == 1)
    }

    /// Compares names, types, shapes, sizes and every value, read with `read`.
    func expectSame(as source: some WeightSource) throws {
        #expect(source.tensors.keys.sorted() == tensors.keys.sorted())
        for (name, expected) in tensors {
            let entry = try #require(source.tensors[name], "\(name)")
            #expect(entry.name == name)
            #expect(Self.torchName(entry.elementType) == expected.dtype, "\(name)")
            #expect(entry.shape == expected.shape, "\(name)")
            #expect(entry.elementCount == expected.values.count, "\(name)")
            #expect(try decode(entry.elementType, source.bytes(of: entry)) == expected.values, "\(name)")
        }
    }

    static func torchName(_ type: ElementType) -> String? {
        [.f32: "float32", .f16: "float16", .bf16: "bfloat16", .i64: "int64", .f64: "float64", .u8: "uint8"][type]
    }
}

/// Little-endian values, read bit by bit so that the check shares no code with the package.
func decode(_ type: ElementType, _ bytes: [UInt8]) throws -> [Double] {
    let width = type.bitWidth / 8
    return try stride(from: 0, to: bytes.count, by: width).map { start in
        let pattern = (0..<width).reduce(UInt64(0)) { $0 | UInt64(bytes[start + $1]) << ($1 * 8) }
        switch type {
        case .f32: return Double(Float(bitPattern: UInt32(pattern)))
        case .bf16: return Double(Float(bitPattern: UInt32(pattern) << 16))
        case .f16: return halfValue(UInt16(pattern))
        case .f64: return Double(bitPattern: pattern)
        case .i64: return Double(Int64(bitPattern: pattern))
        case .u8: return Double(pattern)
        default: throw FixtureError.unexpectedType
        }
    }
}

private func halfValue(_ pattern: UInt16) -> Double {
    let sign: Double = pattern & 0x8000 == 0 ? 1 : -1
    let exponent = Int(pattern >> 10 & 0x1F)
    let fraction = Double(pattern & 0x3FF) / 1024
    return exponent == 0
        ? sign * fraction * Double(sign: .plus, exponent: -14, significand: 1)
        : sign * Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
}
