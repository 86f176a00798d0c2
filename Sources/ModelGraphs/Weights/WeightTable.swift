public import ElementTypes

/// Where one tensor of a checkpoint lies in the weights buffer that graphs are read with.
public struct WeightTensor: Sendable, Hashable {
    public let name: String
    public let elementType: ElementType
    public let shape: GraphShape
    /// Counted from the start of the one weights buffer. Any offset works: OpenVINO 2026.4.1 uses a constant where it
    /// lies even at an odd address, without a copy. Aligned ones are only kinder to the processor.
    public let byteOffset: Int
    public let byteCount: Int

    /// - Throws: ``GraphError/tensorBytes(name:reason:)`` when `byteCount` is not what shape and type need.
    public init(
        name: String, elementType: ElementType, shape: GraphShape, byteOffset: Int, byteCount: Int
    ) throws {
        guard let count = shape.elementCount, let needed = elementType.byteCount(elementCount: count) else {
            throw GraphError.tensorBytes(name: name, reason: "its shape \(shape) is impossible")
        }
        guard needed == byteCount else {
            throw GraphError.tensorBytes(
                name: name,
                reason: "it has \(byteCount) bytes where \(elementType.rawValue) \(shape) needs \(needed)")
        }
        guard byteOffset >= 0, byteOffset <= Int.max - byteCount else {
            throw GraphError.tensorBytes(name: name, reason: "its offset \(byteOffset) is impossible")
        }
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.byteOffset = byteOffset
        self.byteCount = byteCount
    }
}

/// A checkpoint's tensors by name, all in one weights buffer.
public struct WeightTable: Sendable {
    private let tensors: [String: WeightTensor]

    /// Of two tensors with one name the later counts.
    public init(_ tensors: some Sequence<WeightTensor>) {
        self.tensors = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    }

    public subscript(name: String) -> WeightTensor? { tensors[name] }

    /// Names in alphabetical order.
    public var names: [String] { tensors.keys.sorted() }

    /// One past the last byte that a tensor takes.
    public var endOffset: Int { tensors.values.map { $0.byteOffset + $0.byteCount }.max() ?? 0 }

    /// - Throws: ``GraphError/missingTensor(name:)``.
    public func tensor(_ name: String) throws -> WeightTensor {
        guard let tensor = tensors[name] else { throw GraphError.missingTensor(name: name) }
        return tensor
    }

    /// - Throws: ``GraphError/missingTensor(name:)``, ``GraphError/tensorShape(name:expected:found:)``.
    public func tensor(_ name: String, shape: GraphShape) throws -> WeightTensor {
        let tensor = try tensor(name)
        guard tensor.shape == shape else {
            throw GraphError.tensorShape(name: name, expected: shape, found: tensor.shape)
        }
        return tensor
    }

    /// A tensor that must hold floating-point numbers.
    public func floatTensor(_ name: String, shape: GraphShape) throws -> WeightTensor {
        let tensor = try tensor(name, shape: shape)
        guard tensor.elementType.isSupportedFloat else {
            throw GraphError.tensorType(name: name, expected: "f32, f16 or bf16", found: tensor.elementType)
        }
        return tensor
    }
}
