import ElementTypes

extension WeightSource {
    /// A small tensor's values in float32.
    /// - Throws: `CheckpointError` for a missing tensor, another shape, an unsupported type.
    public func floats(of name: String, shape: [Int]) throws -> [Float] {
        let entry = try tensor(name, shape: shape)
        let bytes = try bytes(of: entry)
        return bytes.withUnsafeBytes { bytes in
            switch entry.elementType {
            case .f16:
                (0..<entry.elementCount).map {
                    Float(halfBits: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self))
                }
            case .bf16:
                (0..<entry.elementCount).map {
                    Float(bitPattern: UInt32(bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) << 16)
                }
            default:
                (0..<entry.elementCount).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
            }
        }
    }
}

extension Float {
    /// IEEE half precision, spelled out because `Float16` does not exist on macOS for x86-64 builds.
    init(halfBits bits: UInt16) {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1F
        let fraction = UInt32(bits & 0x3FF)
        switch (exponent, fraction) {
        case (0, 0): self = Float(bitPattern: sign)
        case (0, _):
            let magnitude = Float(fraction) * 0x1p-24
            self = sign == 0 ? magnitude : -magnitude
        case (31, _): self = Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default: self = Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
