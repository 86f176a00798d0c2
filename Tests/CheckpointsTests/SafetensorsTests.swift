import Foundation
import Testing

@testable import Checkpoints

@Suite struct SafetensorsTests {
    /// A file with this header and as many bytes behind it.
    private func file(_ header: String, bytes: Int, length: UInt64? = nil) throws -> URL {
        var data = Data()
        withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) { data.append(contentsOf: $0) }
        data.append(Data(header.utf8))
        data.append(Data((0..<bytes).map { UInt8(truncatingIfNeeded: $0) }))
        return try write(data)
    }

    private func write(_ data: Data) throws -> URL {
        let url = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID()).safetensors")
        try data.write(to: url)
        return url
    }

    private let good =
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F16","shape":[3,1],"data_offsets":[8,14]},"__metadata__":{"k":"v"}}"#

    @Test func tensorsAreMappedWhereTheyLie() throws {
        let url = try file(good, bytes: 14)
        defer { try? FileManager.default.removeItem(at: url) }
        let weights = try MappedWeights(shards: [url])
        let entry = try #require(weights.tensors["b"])
        #expect(entry.shape == [3, 1])
        #expect(weights.withBytes(of: entry) { Array($0) } == [8, 9, 10, 11, 12, 13])
        let place = try weights.addConstants([1, 2, 3])
        #expect(place % 64 == 0)
        #expect(UnsafeRawPointer(weights.unsafeBaseAddress + place).load(as: UInt8.self) == 1)
    }

    @Test func shardsMayNotShareNames() throws {
        let (one, two) = (try file(good, bytes: 14), try file(good, bytes: 14))
        #expect(throws: CheckpointError.self) { try MappedWeights(shards: [one, two]) }
    }

    @Test(arguments: [
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,80]}}"#,
        #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#,
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#,
        #"{"a":{"dtype":"Q9","shape":[2],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F32"}}"#, "[1,2]", "nonsense", "",
    ])
    func lyingHeadersAreErrors(_ header: String) throws {
        let url = try file(header, bytes: 8)
        defer { try? FileManager.default.removeItem(at: url) }
        #expect(throws: CheckpointError.self) { try MappedWeights(shards: [url]) }
    }

    @Test func impossibleLengthsAndNestedBombsAreErrors() throws {
        for length in [UInt64.max, 1 << 40, 200_000_000, 9_999] {
            #expect(throws: CheckpointError.self) {
                try MappedWeights(shards: [try file(good, bytes: 14, length: length)])
            }
        }
        let bomb = String(repeating: "[", count: 100_000)
        #expect(throws: CheckpointError.self) { try MappedWeights(shards: [try file(bomb, bytes: 0)]) }
        #expect(throws: CheckpointError.self) { try MappedWeights(shards: [try write(Data())]) }
    }

    @Test func everyCutIsAnError() throws {
        let whole = try Data(contentsOf: try file(good, bytes: 14))
        for length in 0..<whole.count {
            let url = try write(whole.prefix(length))
            defer { try? FileManager.default.removeItem(at: url) }
            #expect(throws: CheckpointError.self, "cut to \(length)") { try MappedWeights(shards: [url]) }
        }
    }
}
