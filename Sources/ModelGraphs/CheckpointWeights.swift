public import Checkpoints
import Foundation
internal import OpenVINO

/// The weights of a checkpoint by their role: finds tensors under the names of its layout and checks their shapes.
public struct CheckpointWeights {
    let mapped: MappedWeights
    public let layout: TensorLayout

    /// - Throws: `GraphError.unknownLayout`.
    public init(_ mapped: MappedWeights) throws {
        self.mapped = mapped
        let file = mapped.files.first?.path ?? "the checkpoint"
        guard let layout = TensorLayout.all.first(where: { mapped.tensors[$0.embedding] != nil }) else {
            throw GraphError.unknownLayout(file: file)
        }
        self.layout = layout
    }

    func entry(_ name: String, _ shape: [Int]) throws -> TensorEntry {
        guard let entry = mapped.tensors[name] else {
            throw GraphError.missingTensor(name: name, file: mapped.files.first?.lastPathComponent ?? "the checkpoint")
        }
        guard entry.type.isWeight else { throw GraphError.unsupportedType(name: name, type: entry.type.rawValue) }
        guard entry.shape == shape else {
            throw GraphError.wrongShape(name: name, expected: shape, found: entry.shape)
        }
        return entry
    }

    func has(_ name: String) -> Bool { mapped.tensors[name] != nil }

    /// A tensor as float32, row-major. For small ones.
    public func floats(_ name: String, shape: [Int]) throws -> [Float] {
        let entry = try entry(name, shape)
        return mapped.withBytes(of: entry) { bytes in
            switch entry.type {
            case .f16: bytes.bindMemory(to: UInt16.self).map { Float(halfBits: $0) }
            case .bf16: bytes.bindMemory(to: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
            default: Array(bytes.bindMemory(to: Float.self))
            }
        }
    }

    func elementType(_ entry: TensorEntry) -> ElementType {
        switch entry.type {
        case .f16: .f16
        case .bf16: .bf16
        default: .f32
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
