import ElementTypes
public import Foundation

/// The safetensors weights of a folder: one file, or shards with an index. Headers are read, values are not.
public struct SafetensorsArchive: WeightSource {
    public static let singleFileName = "model.safetensors"
    public static let indexFileName = "model.safetensors.index.json"

    public let tensors: [String: TensorEntry]
    public var files: [String] { shards.map(\.file.name) }
    /// Bytes of the address range that `MappedWeights` reserves: every shard rounded up to whole pages.
    public let rangeByteCount: Int

    struct Shard: Sendable {
        var file: ReadOnlyFile
        /// Place of the file's first byte in the range, a multiple of the page size.
        var rangeOffset: Int
    }

    let shards: [Shard]
    private let shardOfFile: [String: Int]

    /// Opens `model.safetensors` or, failing that, the shards of `model.safetensors.index.json` (the order of
    /// Transformers 4.57.6's `modeling_utils.py`). Tensors of a shard that the index does not list are left out.
    /// - Complexity: O(total header size).
    /// - Throws: `CheckpointError` naming the file, and the tensor where one is at fault.
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

    private init(_ files: [ReadOnlyFile], index: ShardIndex?) throws {
        let pageSize = Int(getpagesize())
        var shards: [Shard] = []
        var tensors: [String: TensorEntry] = [:]
        var total = 0
        for file in files {
            for (name, tensor) in try SafetensorsHeader(file).tensors {
                if let index, index.shardOfTensor[name] != file.name { continue }
                tensors[name] = TensorEntry(
                    name: name, elementType: tensor.elementType, shape: tensor.shape, byteCount: tensor.range.count,
                    file: file.name, fileOffset: tensor.range.lowerBound,
                    byteOffset: total + tensor.range.lowerBound)
            }
            shards.append(Shard(file: file, rangeOffset: total))
            let (pages, overflow) = total.addingReportingOverflow((file.byteCount + pageSize - 1) / pageSize * pageSize)
            guard !overflow else { throw CheckpointError.damaged(file.name, "is larger than any memory") }
            total = pages
        }
        try index?.checkAllFound(tensors, index: Self.indexFileName)
        self.shards = shards
        self.tensors = tensors
        rangeByteCount = total
        shardOfFile = Dictionary(uniqueKeysWithValues: shards.enumerated().map { ($1.file.name, $0) })
    }

    public func read(_ tensor: TensorEntry, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        let entry = try entry(of: tensor, holding: buffer.count, at: offset)
        guard let shard = shardOfFile[entry.file], let start = entry.fileOffset else {
            fatalError("every entry of this archive was given a shard and a place when it was opened")
        }
        try shards[shard].file.read(at: start + offset, into: buffer)
    }
}
