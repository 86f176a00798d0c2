import ElementTypes
import Failures
import Foundation
import Testing

@testable import Checkpoints

@Suite("Safetensors")
struct SafetensorsTests {
    @Test func fileByTheRealWriter() throws {
        let archive = try SafetensorsArchive(file: try fixtureURL("tiny.safetensors"))
        try TensorFixture(named: "tiny.safetensors.json").expectSame(as: archive)
        #expect(archive.files == ["tiny.safetensors"])
    }

    @Test func mappedBytesAreTheReadBytes() throws {
        let archive = try SafetensorsArchive(file: try fixtureURL("tiny.safetensors"))
        let weights = try MappedWeights(archive)
        #expect(weights.byteCount.isMultiple(of: Int(getpagesize())))
        for tensor in archive.tensors.values {
            let mapped = try weights.withUnsafeBytes(of: tensor) { Array($0) }
            #expect(try mapped == archive.bytes(of: tensor))
            #expect(tensor.isAligned == tensor.byteOffset.isMultiple(of: tensor.elementType.bitWidth / 8))
        }
    }

    @Test func unsupportedTypesAreListedAndRefusedWhenAskedFor() throws {
        let archive = try SafetensorsArchive(file: try fixtureURL("tiny.safetensors"))
        #expect(archive.tensors["embeddings.position_ids"]?.elementType == .i64)
        let error = #expect(throws: CheckpointError.self) { try archive.tensor("embeddings.position_ids") }
        #expect(error?.code == .unsupported)
        #expect(error?.problem == "tensor \"embeddings.position_ids\" is I64")
        #expect(try archive.tensor("f16").elementType == .f16)
        #expect(throws: CheckpointError.self) { try archive.tensor("f16", shape: [2, 3, 5]) }
        #expect(try archive.tensor("f16", shape: [2, 3, 4]).byteCount == 48)
    }

    @Test func absentTensorAndWrongBuffer() throws {
        let archive = try SafetensorsArchive(file: try fixtureURL("tiny.safetensors"))
        #expect(throws: CheckpointError.self) { try archive.tensor("nothing") }
        let tensor = try archive.tensor("f32")
        var small = [UInt8](repeating: 0, count: tensor.byteCount - 1)
        let error = #expect(throws: CheckpointError.self) {
            try small.withUnsafeMutableBytes { try archive.read(tensor, into: $0) }
        }
        #expect(error?.code == .misuse)
    }

    @Test func tensorOutsideTheRangeIsRefused() throws {
        let archive = try SafetensorsArchive(file: try fixtureURL("tiny.safetensors"))
        let weights = try MappedWeights(archive)
        var foreign = try archive.tensor("f32")
        for offset in [weights.byteCount, weights.byteCount - foreign.byteCount + 1, -1, .max, .min] {
            foreign.byteOffset = offset
            #expect(throws: CheckpointError.self, "\(offset)") { try weights.withUnsafeBytes(of: foreign) { $0.count } }
        }
    }

    @Test func shardsShareOneRange() throws {
        let folder = try TemporaryFolder()
        // More than a page, so that the second shard's place depends on the first one's size.
        let long = (0..<5000).map(Float.init)
        try folder.write(SafetensorsWriter.file(["a": long, "b": [1, 2]]), to: "model-00001-of-00002.safetensors")
        try folder.write(SafetensorsWriter.file(["c": [3], "stray": [9]]), to: "model-00002-of-00002.safetensors")
        try folder.write(
            """
            {"metadata": {"total_size": 20012}, "weight_map": {"a": "model-00001-of-00002.safetensors",
             "b": "model-00001-of-00002.safetensors", "c": "model-00002-of-00002.safetensors"}}
            """, to: SafetensorsArchive.indexFileName)
        let archive = try SafetensorsArchive(folder: folder.url)
        #expect(archive.tensors.keys.sorted() == ["a", "b", "c"])
        #expect(archive.files == ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"])
        let weights = try MappedWeights(archive, poolByteCount: 0)
        for (name, values) in [("a", long), ("b", [1, 2]), ("c", [3])] {
            let tensor = try archive.tensor(name)
            let mapped = try weights.withUnsafeBytes(of: tensor) { Array($0) }
            #expect(try decode(.f32, mapped) == values.map(Double.init), "\(name)")
            #expect(try archive.bytes(of: tensor) == mapped, "\(name)")
        }
        let whole = weights.withUnsafeBytes { $0.count }
        #expect(whole == archive.rangeByteCount)
        #expect(weights.unsafeRange.count == whole)
    }

    @Test func theSingleFileComesFirst() throws {
        let folder = try TemporaryFolder()
        try folder.write(SafetensorsWriter.file(["single": [1]]), to: SafetensorsArchive.singleFileName)
        try folder.write("{}", to: SafetensorsArchive.indexFileName)
        #expect(try SafetensorsArchive(folder: folder.url).tensors.keys.sorted() == ["single"])
    }

    @Test func aFileCutShortAfterOpeningIsAnErrorForReads() throws {
        let folder = try TemporaryFolder()
        let url = try folder.write(SafetensorsWriter.file(["a": [1, 2, 3]]), to: "model.safetensors")
        let archive = try SafetensorsArchive(folder: folder.url)
        let handle = try FileHandle(forWritingTo: url)
        try handle.truncate(atOffset: 70)
        try handle.close()
        let error = #expect(throws: CheckpointError.self) { try archive.bytes(of: archive.tensor("a")) }
        #expect(error?.file == "model.safetensors")
    }
}
