import Foundation
import Testing

@testable import Checkpoints

/// The memory behind the shards that takes small constants.
@Suite struct PoolTests {
    private func weights(pool: Int) throws -> MappedWeights {
        let url = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID()).safetensors")
        defer { try? FileManager.default.removeItem(at: url) }
        let header = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        var data = Data()
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(Data(header.utf8) + Data([1, 2, 3, 4]))
        try data.write(to: url)
        return try MappedWeights(SafetensorsArchive(file: url), poolByteCount: pool)
    }

    @Test func constantsLieBehindTheShardsAndApart() throws {
        let weights = try weights(pool: 4096)
        let places = try [[1, 2, 3], [4], [5, 6]].map { (bytes: [UInt8]) in try weights.place { (bytes, $0) } }
        #expect(places[0] >= weights.poolOffset)
        #expect(places.allSatisfy { $0 % 64 == 0 })
        #expect(Set(places).count == 3)
        #expect(weights.withUnsafeBytes { Array($0[places[0]..<(places[0] + 3)]) } == [1, 2, 3])
        #expect(weights.withUnsafeBytes { $0[places[1]] } == 4)
        let entry = try #require(weights.tensors["a"])
        #expect(try weights.withUnsafeBytes(of: entry) { Array($0) } == [1, 2, 3, 4])
    }

    @Test func aFullPoolIsAnError() throws {
        let weights = try weights(pool: 4096)
        #expect(throws: CheckpointError.self) { try weights.place { _ in ([UInt8](repeating: 0, count: 1 << 20), ()) } }
        #expect(throws: CheckpointError.self) { try self.weights(pool: 0).place { _ in ([1], ()) } }
    }
}
