public import Checkpoints
import Crypto
import ElementTypes
public import Foundation
public import ModelGraphs

/// Writes the language model inside a checkpoint as a plain Hugging Face folder, which vLLM or anything else serves.
///
/// Tensors are copied as they are, through one buffer of a few megabytes; only their names change, to those of
/// `LlamaForCausalLM` and its kin. The folder appears under its name when it is whole.
public struct LanguageModelExporter {
    public struct Summary: Sendable {
        /// The folder's files, with their SHA-256.
        public var files: [ModelManifest.File]
        public var tensors: [Tensor]
        /// Bytes of weights.
        public var bytesWritten: Int
    }

    public struct Tensor: Sendable, Encodable {
        /// In the folder.
        public var name: String
        /// In the checkpoint.
        public var source: String
        public var type: String
        public var shape: [Int]
        /// Of the values, which are the same on both sides.
        public var sha256: String
    }

    private struct Item {
        var name: String
        var entry: TensorEntry
        /// From the first value of all.
        var offset: Int
    }

    private static let weightsFile = "model.safetensors"
    private static let tokenizerFiles: Set<String> = [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model",
    ]
    private static let chunkByteCount = 4 << 20

    private let folder: CheckpointFolder

    public init(_ folder: CheckpointFolder) { self.folder = folder }

    /// Exports the language model.
    ///
    /// - Parameter progress: called after each chunk; may throw to stop, after which nothing is left on the disk.
    /// - Throws: `CheckpointError`, `GraphError`, `TokenizerError`, `ImportError`, and what `progress` throws.
    public func run(
        to destination: URL, progress: (ModelImporter.Progress) throws -> Void = { _ in }
    ) throws -> Summary {
        let (items, hasHead) = try items()
        let header = Self.header(items)
        let total = items.last.map { $0.offset + $0.entry.byteCount } ?? 0
        let small = try smallFiles(items, hasHead: hasHead)
        let output = try OutputFolder(
            for: destination,
            byteCount: header.count + total + small.reduce(0) { $0 + $1.data.count } + (1 << 20))
        var files = small.map {
            ModelManifest.File(name: $0.name, sha256: Self.hexadecimal(SHA256.hash(data: $0.data)))
        }
        for file in small { try output.write(file.data, to: file.name) }

        let weights = try output.makeFile(Self.weightsFile, byteCount: header.count + total)
        var whole = SHA256()
        whole.update(data: header)
        try header.withUnsafeBytes { try weights.write($0, at: 0) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunkByteCount, alignment: 64)
        defer { buffer.deallocate() }
        var tensors: [Tensor] = []
        var done = 0
        for item in items {
            let hash = try copy(item, through: buffer, to: weights, at: header.count, whole: &whole) { bytes in
                done += bytes
                try progress(ModelImporter.Progress(done: done, total: total))
            }
            tensors.append(
                Tensor(
                    name: item.name, source: item.entry.name, type: item.entry.elementType.rawValue,
                    shape: item.entry.shape, sha256: hash))
        }
        try weights.synchronize()
        files.append(ModelManifest.File(name: Self.weightsFile, sha256: Self.hexadecimal(whole.finalize())))
        try output.commit()
        return Summary(files: files.sorted { $0.name < $1.name }, tensors: tensors, bytesWritten: total)
    }

    /// - Returns: SHA-256 of the tensor's values.
    private func copy(
        _ item: Item, through buffer: UnsafeMutableRawBufferPointer, to file: OutputFile, at start: Int,
        whole: inout SHA256, progress: (Int) throws -> Void
    ) throws -> String {
        var hash = SHA256()
        var done = 0
        while done < item.entry.byteCount {
            let count = min(buffer.count, item.entry.byteCount - done)
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            try folder.weights.read(item.entry, at: done, into: part)
            hash.update(bufferPointer: UnsafeRawBufferPointer(part))
            whole.update(bufferPointer: UnsafeRawBufferPointer(part))
            try file.write(UnsafeRawBufferPointer(part), at: start + item.offset + done)
            done += count
            try progress(count)
        }
        return Self.hexadecimal(hash.finalize())
    }

    /// The tensors that the language model reads, one after the other, under the names of a text model.
    private func items() throws -> (items: [Item], hasHead: Bool) {
        let table = WeightTable(try folder.weights.tensors.values.compactMap(WeightTensor.init))
        let graphs = try CheckpointGraphs(folder.config, preprocessor: folder.preprocessor, table: table)
        let layout = graphs.layout
        let uses = try [GraphPart.textEmbeddings, .languageModel].flatMap {
            try graphs.emit($0, constantsOffset: 0).weights
        }
        var (items, offset, known) = ([Item](), 0, Set<String>())
        for source in uses.map(\.tensor.name) where known.insert(source).inserted {
            let entry = try folder.weights.tensor(source)
            let name =
                source == layout.head
                ? "lm_head.weight" : "model." + String(source.dropFirst(layout.decoderPrefix.count))
            items.append(Item(name: name, entry: entry, offset: offset))
            offset += entry.byteCount
        }
        return (items, known.contains(layout.head))
    }

    /// Sizes and places, as a safetensors file begins; values follow at a multiple of 8. Names are those of a text model
    /// and need no escapes.
    private static func header(_ items: [Item]) -> Data {
        let entries = items.map { item in
            let shape = item.entry.shape.map(String.init).joined(separator: ",")
            return "\"\(item.name)\":{\"dtype\":\"\(item.entry.elementType.safetensorsName)\",\"shape\":[\(shape)],"
                + "\"data_offsets\":[\(item.offset),\(item.offset + item.entry.byteCount)]}"
        }
        var text = "{\"__metadata__\":{\"format\":\"pt\"}," + entries.joined(separator: ",") + "}"
        text += String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)
        var data = Data()
        withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(contentsOf: text.utf8)
        return data
    }

    private func smallFiles(_ items: [Item], hasHead: Bool) throws -> [(name: String, data: Data)] {
        // What most of the weights are: norms may be wider than matrices.
        let types = Dictionary(grouping: items) { $0.entry.elementType }
        let largest = types.max { left, right in
            left.value.reduce(0) { $0 + $1.entry.byteCount } < right.value.reduce(0) { $0 + $1.entry.byteCount }
        }
        var text = folder.config.text
        text.tiesWordEmbeddings = !hasHead
        var files = try SourceFiles(folder).contents.filter { Self.tokenizerFiles.contains($0.name) }
        files.append(
            ("config.json", try text.huggingFaceFile(largest?.key ?? .f16, ends: folder.generation.endTokenIDs)))
        files.append(("generation_config.json", try folder.generation.huggingFaceFileOfIDs()))
        if !files.contains(where: { $0.name == "tokenizer_config.json" }) {
            files.append(
                ("tokenizer_config.json", Data("{\n  \"tokenizer_class\": \"PreTrainedTokenizerFast\"\n}\n".utf8)))
        }
        return files.sorted { $0.name < $1.name }
    }

    private static func hexadecimal(_ digest: SHA256.Digest) -> String {
        digest.map { String(format: "%02x", $0) }.joined()
    }
}
