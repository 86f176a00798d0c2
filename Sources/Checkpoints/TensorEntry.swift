public import ElementTypes

/// Where one tensor of a checkpoint is. Values are row-major and little-endian.
public struct TensorEntry: Sendable, Hashable {
    public var name: String
    public var elementType: ElementType
    public var shape: [Int]
    /// Size of the values in bytes.
    public var byteCount: Int
    /// The shard's file name inside the checkpoint folder.
    public var file: String
    /// Place of the first value in the shard, in bytes; `nil` where the file does not hold the values as they are
    /// (deflated or strided PyTorch weights).
    public var fileOffset: Int?
    /// Place of the first value in the range of `MappedWeights`, in bytes; 0 for PyTorch weights, which have none.
    public var byteOffset: Int

    public init(
        name: String, elementType: ElementType, shape: [Int], byteCount: Int, file: String, fileOffset: Int?,
        byteOffset: Int
    ) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.byteCount = byteCount
        self.file = file
        self.fileOffset = fileOffset
        self.byteOffset = byteOffset
    }

    /// Product of the shape; 1 for a scalar.
    public var elementCount: Int { shape.reduce(1, *) }

    /// Whether the mapped values start at a multiple of their own size. The safetensors format does not promise it.
    public var isAligned: Bool { byteOffset.isMultiple(of: max(elementType.bitWidth / 8, 1)) }
}

extension TensorEntry {
    /// Bytes of a tensor, or `nil` where the product does not fit in 63 bits or ends inside a byte.
    static func byteCount(of elementType: ElementType, shape: [Int]) -> Int? {
        var bits = elementType.bitWidth
        for size in shape {
            let (product, overflow) = bits.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflow else { return nil }
            bits = product
        }
        return bits.isMultiple(of: 8) ? bits / 8 : nil
    }
}

/// A checkpoint's tensors by name, read into the caller's memory one at a time.
public protocol WeightSource: Sendable {
    /// Every tensor that the checkpoint lists, supported or not.
    var tensors: [String: TensorEntry] { get }
    /// The weight files, in the order of their names.
    var files: [String] { get }

    /// Copies a part of a tensor's values, row-major and little-endian, without mapping the file.
    ///
    /// Parts are for tensors too large to hold at once. Deflated PyTorch weights are inflated from their start for
    /// every part, and strided ones gathered whole; `torch.save` writes neither for a model's weights.
    /// - Parameters:
    ///   - offset: Where the part begins, in bytes from the tensor's first value.
    ///   - buffer: Filled whole; must not reach past the tensor's end.
    /// - Throws: `CheckpointError` (`misuse`) for a part outside the tensor, and for what is wrong with the file.
    func read(_ tensor: TensorEntry, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws
}

extension WeightSource {
    /// The tensor of a name, of a type that this package computes with.
    /// - Throws: `CheckpointError` (`missing`, `unsupported`) naming tensor and type.
    public func tensor(_ name: String) throws -> TensorEntry {
        guard let entry = tensors[name] else {
            throw CheckpointError(
                .missing, file: files.first ?? "weights", problem: "there is no tensor \(CheckpointError.quoted(name))",
                remedy: "check that every shard belongs to the same model as config.json")
        }
        guard entry.elementType.isSupportedFloat else {
            throw CheckpointError(
                .unsupported, file: entry.file,
                problem: "tensor \(CheckpointError.quoted(name)) is \(entry.elementType.safetensorsName)",
                remedy: "F32, F16 and BF16 weights are supported")
        }
        return entry
    }

    /// As `tensor(_:)`, refusing any other shape.
    public func tensor(_ name: String, shape: [Int]) throws -> TensorEntry {
        let entry = try tensor(name)
        guard entry.shape == shape else {
            throw CheckpointError(
                .malformed, file: entry.file,
                problem:
                    "tensor \(CheckpointError.quoted(name)) has shape \(entry.shape), config.json asks for \(shape)",
                remedy: "put the config.json that belongs to these weights here")
        }
        return entry
    }

    /// A copy of a tensor's bytes.
    public func bytes(of tensor: TensorEntry) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: tensor.byteCount) { buffer, initialized in
            let bytes = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<tensor.byteCount]))
            try read(tensor, into: bytes)
            initialized = tensor.byteCount
        }
    }

    /// Copies a tensor's values.
    /// - Parameter buffer: Exactly `byteCount` bytes.
    /// - Throws: `CheckpointError`.
    public func read(_ tensor: TensorEntry, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard buffer.count == tensor.byteCount else {
            throw CheckpointError(
                .misuse, file: tensor.file,
                problem: "tensor \(CheckpointError.quoted(tensor.name)) has \(tensor.byteCount) bytes",
                remedy: "pass a buffer of that size, not of \(buffer.count) bytes")
        }
        try read(tensor, at: 0, into: buffer)
    }

    /// The source's own entry of the same name, after checking that a part lies inside it.
    func entry(of tensor: TensorEntry, holding count: Int, at offset: Int) throws -> TensorEntry {
        guard let entry = tensors[tensor.name], entry == tensor else {
            throw CheckpointError(
                .misuse, file: tensor.file,
                problem: "tensor \(CheckpointError.quoted(tensor.name)) is of another checkpoint",
                remedy: "pass an entry of the same source")
        }
        guard offset >= 0, offset <= entry.byteCount, count <= entry.byteCount - offset else {
            throw CheckpointError(
                .misuse, file: tensor.file,
                problem: "tensor \(CheckpointError.quoted(tensor.name)) has \(entry.byteCount) bytes",
                remedy: "read inside it, not \(count) bytes at \(offset)")
        }
        return entry
    }
}
