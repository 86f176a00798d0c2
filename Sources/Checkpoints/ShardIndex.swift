import Foundation

/// `….index.json`: which shard holds which tensor.
struct ShardIndex: Sendable {
    /// Tensor name to shard file name.
    var shardOfTensor: [String: String]

    /// - Throws: `CheckpointError`; among others for a shard that is not simply a file beside the index.
    init(_ url: URL, name: String) throws {
        struct Contents: Decodable {
            var shardOfTensor: [String: String]

            private enum CodingKeys: String, CodingKey {
                case shardOfTensor = "weight_map"
            }
        }
        let value = try JSONDocument.value(from: url, name: name)
        shardOfTensor = try JSONDocument.decode(Contents.self, from: value, name: name).shardOfTensor
        guard !shardOfTensor.isEmpty else { throw CheckpointError.damaged(name, "lists no tensor") }
        for shard in Set(shardOfTensor.values) where !Self.isPlainFileName(shard) {
            throw CheckpointError(
                .malformed, file: name,
                problem: "names the shard \(CheckpointError.quoted(shard)), which is not a file beside it",
                remedy: "shards must lie in the checkpoint folder itself")
        }
    }

    /// Opens every shard that the index names, in the order of their names.
    func openShards(in folder: URL, index: String) throws -> [ReadOnlyFile] {
        try Set(shardOfTensor.values).sorted().map { shard in
            do {
                return try ReadOnlyFile(folder.appendingPathComponent(shard), name: shard)
            } catch let error as CheckpointError where error.code == .missing {
                let rest = FolderKind(folder).unfinished.map { ", which holds an unfinished download (\($0))" } ?? ""
                throw CheckpointError(
                    .missing, file: shard, problem: "is named in \(index) but is not in the folder\(rest)",
                    remedy: "download the missing shard")
            }
        }
    }

    /// Refuses an index that names tensors which its shards do not hold; the first by name is reported.
    func checkAllFound(_ tensors: [String: TensorEntry], index: String) throws {
        for (name, shard) in shardOfTensor.sorted(by: { $0.key < $1.key }) where tensors[name] == nil {
            throw CheckpointError.damaged(
                shard, "lacks the tensor \(CheckpointError.quoted(name)) that \(index) places there")
        }
    }

    private static func isPlainFileName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.contains(where: { $0 == "/" || $0 == "\\" || $0 == "\0" })
    }
}
