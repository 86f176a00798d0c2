import ElementTypes
import Failures
import Foundation
import Testing

@testable import Checkpoints

@Suite("PyTorch weights")
struct PyTorchArchiveTests {
    @Test(arguments: ["tiny.bin", "tiny-deflated.bin", "tiny-zip64.bin"])
    func filesByTorch(name: String) throws {
        let archive = try PyTorchArchive(file: try fixtureURL(name))
        try TensorFixture(named: "tiny.bin.json").expectSame(as: archive)
        #expect(archive.files == [name])
    }

    /// Parts of every size and place are the same bytes as the whole.
    @Test(arguments: ["tiny.bin", "tiny-deflated.bin"])
    func partsOfTensors(name: String) throws {
        let archive = try PyTorchArchive(file: try fixtureURL(name))
        for key in ["half", "columns", "turned", "rows", "empty", "turned half"] {
            let tensor = try archive.tensor(key)
            let whole = try archive.bytes(of: tensor)
            for start in 0...whole.count {
                for end in start...whole.count {
                    var part = [UInt8](repeating: 0xAA, count: end - start)
                    try part.withUnsafeMutableBytes { try archive.read(tensor, at: start, into: $0) }
                    #expect(part == Array(whole[start..<end]), "\(key) \(start)..<\(end)")
                }
            }
            var long = [UInt8](repeating: 0, count: whole.count + 1)
            for (offset, count) in [(0, whole.count + 1), (1, whole.count), (-1, 1), (.max, 1), (whole.count + 1, 0)] {
                let error = #expect(throws: CheckpointError.self, "\(key) \(count) at \(offset)") {
                    try long.withUnsafeMutableBytes {
                        try archive.read(
                            tensor, at: offset, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]))
                    }
                }
                #expect(error?.code == .misuse)
            }
        }
    }

    @Test func placesInTheFile() throws {
        let url = try fixtureURL("tiny.bin")
        let archive = try PyTorchArchive(file: url)
        let file = Array(try Data(contentsOf: url))
        for name in ["half", "whole", "rows"] {
            let tensor = try archive.tensor(name)
            let start = try #require(tensor.fileOffset)
            #expect(try archive.bytes(of: tensor) == Array(file[start..<start + tensor.byteCount]), "\(name)")
        }
        #expect(try archive.tensor("turned").fileOffset == nil)
        #expect(try PyTorchArchive(file: try fixtureURL("tiny-deflated.bin")).tensor("half").fileOffset == nil)
    }

    @Test func unsupportedTypesAreRefusedWhenAskedFor() throws {
        let archive = try PyTorchArchive(file: try fixtureURL("tiny.bin"))
        for name in ["ids", "bytes", "double"] {
            #expect(throws: CheckpointError.self, "\(name)") { try archive.tensor(name) }
        }
    }

    @Test func theFormatBefore16IsNamed() throws {
        let url = try fixtureURL("tiny-old.bin")
        let error = #expect(throws: CheckpointError.self) { try PyTorchArchive(file: url) }
        #expect(error?.code == .unsupported)
        #expect(error?.problem == "is in the format of PyTorch before 1.6")
    }

    @Test func shardsWithAnIndex() throws {
        let folder = try TemporaryFolder()
        for (name, key) in [("pytorch_model-00001-of-00002.bin", "a"), ("pytorch_model-00002-of-00002.bin", "b")] {
            let view = PickleWriter.tensor(PickleWriter.storage("0", count: 4), offset: 0, shape: [4], strides: [1])
            let value = key == "a" ? Float(1.5) : Float(-3)
            let storage = (0..<4).flatMap { _ in PickleWriter.little(Int(value.bitPattern), 4) }
            try folder.write(
                ZipWriter.checkpoint(PickleWriter.dictionary(key, view), storage: storage), to: name)
        }
        func index(_ second: String) throws {
            try folder.write(
                "{\"weight_map\": {\"a\": \"pytorch_model-00001-of-00002.bin\", \"\(second)\": "
                    + "\"pytorch_model-00002-of-00002.bin\"}}", to: PyTorchArchive.indexFileName)
        }
        try index("b")
        let archive = try PyTorchArchive(folder: folder.url)
        #expect(try decode(.f32, archive.bytes(of: archive.tensor("a"))) == [1.5, 1.5, 1.5, 1.5])
        #expect(try decode(.f32, archive.bytes(of: archive.tensor("b"))) == [-3, -3, -3, -3])
        try index("c")
        let error = #expect(throws: CheckpointError.self) { try PyTorchArchive(folder: folder.url) }
        #expect(error?.file == "pytorch_model-00002-of-00002.bin")
        #expect(error?.problem.contains("\"c\"") == true)
    }

    /// A folder with PyTorch weights opens, for import; running it as it is says what to do.
    @Test func checkpointFolder() throws {
        let folder = try TemporaryFolder()
        try folder.write("{\"model_type\": \"llava\"}", to: "config.json")
        try FileManager.default.copyItem(
            at: try fixtureURL("tiny.bin"), to: folder.url.appendingPathComponent(PyTorchArchive.singleFileName))
        let opened = try CheckpointFolder.open(folder.url)
        #expect(opened.weights.tensors["half"]?.shape == [2, 3, 4])
        let error = #expect(throws: CheckpointError.self) { try opened.mappedWeights() }
        #expect(error?.file == PyTorchArchive.singleFileName)
        #expect(error?.description.contains("hired import") == true)
        try FileManager.default.moveItem(
            at: folder.url.appendingPathComponent(PyTorchArchive.singleFileName),
            to: folder.url.appendingPathComponent("pytorch_model-00001-of-00002.bin"))
        let noIndex = #expect(throws: CheckpointError.self) { try CheckpointFolder.open(folder.url) }
        #expect(noIndex?.file == PyTorchArchive.indexFileName)
    }
}
