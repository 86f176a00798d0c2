public import Foundation

/// The PyTorch weights of a folder, as `torch.save` writes them since PyTorch 1.6: one file, or shards with an index.
///
/// A shard is a ZIP file of one pickle that describes tensors and one file per storage. The pickle is read by
/// `PickleReader`, which executes nothing.
public struct PyTorchArchive: WeightSource {
    public static let singleFileName = "pytorch_model.bin"
    public static let indexFileName = "pytorch_model.bin.index.json"

    public let tensors: [String: TensorEntry]
    public let files: [String]
    let places: [String: PyTorchShard.Place]

    /// Opens `pytorch_model.bin` or, failing that, the shards of `pytorch_model.bin.index.json`. Tensors of a shard
    /// that the index does not list are left out.
    /// - Throws: `CheckpointError` naming the file, and the tensor, opcode or global name at fault.
    public init(folder: URL) throws {
        let single = folder.appendingPathComponent(Self.singleFileName)
        if FileManager.default.fileExists(atPath: single.path) {
            try self.init([ReadOnlyFile(single, name: Self.singleFileName)], index: nil)
        } else {
            let name = Self.indexFileName
            let index = try ShardIndex(folder.appendingPathComponent(name), name: name)
            try self.init(index.openShards(in: folder, index: name), index: index)
        }
    }

    /// Opens one file.
    /// - Throws: `CheckpointError`.
    public init(file url: URL) throws {
        try self.init([ReadOnlyFile(url, name: url.lastPathComponent)], index: nil)
    }

    private init(_ shards: [ReadOnlyFile], index: ShardIndex?) throws {
        var tensors: [String: TensorEntry] = [:]
        var places: [String: PyTorchShard.Place] = [:]
        for file in shards {
            for (name, place) in try PyTorchShard.places(in: file) {
                if let index, index.shardOfTensor[name] != file.name { continue }
                tensors[name] = place.entry(named: name)
                places[name] = place
            }
        }
        try index?.checkAllFound(tensors, index: Self.indexFileName)
        self.tensors = tensors
        self.places = places
        files = shards.map(\.name)
    }

    public func read(_ tensor: TensorEntry, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        let entry = try entry(of: tensor, holding: buffer.count, at: offset)
        guard let place = places[entry.name] else {
            fatalError("every entry of this archive was given a place when it was opened")
        }
        if place.view.isContiguous {
            try place.readStorage(at: place.view.span.lowerBound * place.elementSize + offset, into: buffer)
            return
        }
        let span = UnsafeMutableRawBufferPointer.allocate(
            byteCount: place.view.span.count * place.elementSize, alignment: 16)
        let whole = UnsafeMutableRawBufferPointer.allocate(byteCount: entry.byteCount, alignment: 16)
        defer {
            span.deallocate()
            whole.deallocate()
        }
        try place.readStorage(at: place.view.span.lowerBound * place.elementSize, into: span)
        place.view.gather(UnsafeRawBufferPointer(span), elementSize: place.elementSize, into: whole)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: whole[offset..<offset + buffer.count]))
    }
}
