import Failures
import Foundation
import Testing

@testable import Checkpoints

@Suite("Hostile PyTorch files")
struct HostilePickleTests {
    private func error(_ bytes: [UInt8]) throws -> CheckpointError? {
        let folder = try TemporaryFolder()
        let url = try folder.write(bytes, to: "bad.bin")
        let error = #expect(throws: CheckpointError.self) { try PyTorchArchive(file: url) }
        #expect(error?.file == "bad.bin")
        return error
    }

    struct Pickle: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var bytes: [UInt8]
        var says: String

        init(_ name: String, _ bytes: [UInt8], says: String) {
            (testDescription, self.bytes, self.says) = (name, bytes, says)
        }

        /// A dictionary with one tensor that is not what it should be.
        init(
            _ name: String, type: String = "FloatStorage", count: Int = 4, offset: Int = 0, shape: [Int],
            strides: [Int], says: String = "reaches outside its storage"
        ) {
            let view = PickleWriter.tensor(
                PickleWriter.storage("0", type, count: count), offset: offset, shape: shape, strides: strides)
            self.init(name, PickleWriter.dictionary("w", view), says: says)
        }
    }

    private static func opcodes(_ text: String) -> [UInt8] { PickleWriter.start + Array(text.utf8) }
    private static func calling(_ module: String, _ name: String) -> [UInt8] {
        PickleWriter.dictionary("w", PickleWriter.global(module, name) + Array(")R".utf8))
    }
    private static let missing = PickleWriter.tensor(
        PickleWriter.storage("../x", count: 4), offset: 0, shape: [4], strides: [1])

    static let pickles: [Pickle] = [
        Pickle("os.system", calling("os", "system"), says: "\"os.system\""),
        Pickle("builtins", calling("builtins", "eval"), says: "\"builtins.eval\""),
        Pickle("posix", calling("posix", "system"), says: "\"posix.system\""),
        Pickle("another torch name", calling("torch", "load"), says: "\"torch.load\""),
        Pickle("a storage of another module", calling("evil", "FloatStorage"), says: "\"evil.FloatStorage\""),
        Pickle("a storage class called", calling("torch", "FloatStorage"), says: "calls a storage class"),
        Pickle(
            "a text called", PickleWriter.dictionary("w", PickleWriter.text("x") + Array(")R".utf8)),
            says: "calls a text"),
        Pickle("a line break in a name", opcodes("cos\u{1B}[2J\nsystem\n)R."), says: "?[2J"),
        Pickle("INST", opcodes("(ios\nsystem\n."), says: "opcode 0x69"),
        Pickle("NEWOBJ", opcodes(")\u{81}."), says: "opcode 0x"),
        Pickle("STACK_GLOBAL", PickleWriter.start + [0x93], says: "opcode 0x93"),
        Pickle("EXT1", PickleWriter.start + [0x82, 1], says: "opcode 0x82"),
        Pickle("protocol 4", [0x80, 4, 0x95], says: "protocol 4"),
        Pickle("empty", [], says: "ends in the middle"),
        Pickle("only a stop", PickleWriter.stop, says: "empty stack"),
        Pickle("cut short", opcodes("}"), says: "ends in the middle"),
        Pickle("cut in a global", opcodes("ccollections\nOrder"), says: "ends in the middle"),
        Pickle("cut in a text", opcodes("X") + [255, 255, 255, 255, 65], says: "ends in the middle"),
        Pickle("a text of bytes", opcodes("X") + [1, 0, 0, 0, 0xFF], says: "not UTF-8"),
        Pickle("a long number", PickleWriter.start + [0x8A, 200], says: "200 bytes"),
        Pickle("a number cut short", PickleWriter.start + [0x8A, 8, 1], says: "ends in the middle"),
        Pickle("memo never stored", opcodes("j") + [0xFF, 0xFF, 0xFF, 0xFF], says: "recalls value 4294967295"),
        Pickle("memo of nothing", opcodes("r") + [0xFF, 0xFF, 0xFF, 0x7F], says: "empty stack"),
        Pickle("no mark", opcodes("]t."), says: "mark that is not there"),
        Pickle("a mark as value", opcodes("(."), says: "takes a mark"),
        Pickle("a mark as item", opcodes("}(s."), says: "takes a mark"),
        Pickle("a key without a value", opcodes("}(Nu."), says: "key without a value"),
        Pickle("a key that is None", opcodes("}NNs."), says: "None for a key"),
        Pickle("items of a list", opcodes("](Nu."), says: "sets items of a list"),
        Pickle("append to a dictionary", opcodes("}Na."), says: "appends to a dictionary"),
        Pickle("state of a text", opcodes("X\0\0\0\0}b."), says: "gives a text a state"),
        Pickle("a list", opcodes("]."), says: "no dictionary of tensors"),
        Pickle(
            "a nested dictionary", PickleWriter.dictionary("model", Array("}".utf8)), says: "\"model\" is a dictionary"),
        Pickle("a number for a tensor", PickleWriter.dictionary("step", [0x4B, 3]), says: "\"step\" is a number"),
        Pickle("persistent id of something else", opcodes("NQ."), says: "other than a storage"),
        Pickle("missing storage", PickleWriter.dictionary("w", missing), says: "\"../x\", which is missing"),
        Pickle("negative count", count: -4, shape: [1], strides: [1], says: "other than a storage"),
        Pickle(
            "too many values", count: 5, shape: [5], strides: [1], says: "counts 5 values of F32 in a storage of 16"),
        Pickle("too few values", count: 3, shape: [3], strides: [1], says: "counts 3 values"),
        Pickle("values beyond counting", count: .max, shape: [3], strides: [1], says: "counts 9223372036854775807"),
        Pickle("wider type", type: "DoubleStorage", shape: [4], strides: [1], says: "counts 4 values of F64"),
        Pickle("shape beyond", shape: [5], strides: [1]), Pickle("offset beyond", offset: 2, shape: [3], strides: [1]),
        Pickle("negative offset", offset: -1, shape: [3], strides: [1]),
        Pickle("offset at the edge", offset: .max, shape: [1], strides: [1]),
        Pickle("stride beyond", shape: [2], strides: [4]), Pickle("negative stride", shape: [2], strides: [-1]),
        Pickle("stride overflow", shape: [3], strides: [.max]), Pickle("negative size", shape: [-1], strides: [1]),
        Pickle("shape overflow", shape: [.max, .max], strides: [0, 0]),
        Pickle("empty shape overflow", shape: [.max, 0], strides: [1, 1]),
        Pickle("expanded", shape: [1 << 40], strides: [0]),
        Pickle("two sizes, one stride", shape: [2, 2], strides: [1]),
        Pickle(
            "a hundred dimensions", shape: [Int](repeating: 1, count: 100), strides: [Int](repeating: 1, count: 100),
            says: "100 dimensions"),
    ]

    @Test(arguments: pickles)
    func isRefused(_ pickle: Pickle) throws {
        let error = try error(ZipWriter.checkpoint(pickle.bytes))
        #expect(error?.problem.contains(pickle.says) == true, "\(error?.description ?? "")")
    }

    /// The same thing as `torch.save` wrote it, and nothing ran.
    @Test func osSystemByTorch() throws {
        let url = try fixtureURL("evil.bin")
        let error = #expect(throws: CheckpointError.self) { try PyTorchArchive(file: url) }
        #expect(error?.code == .unsupported)
        #expect(error?.problem == "the pickle asks for \"posix.system\"")
    }

    /// Tuples in tuples a million deep, built and let go without recursion.
    @Test func deepNesting() throws {
        let pickle = PickleWriter.dictionary("w", Array(")".utf8) + [UInt8](repeating: 0x85, count: 1_000_000))
        #expect(try error(ZipWriter.checkpoint(pickle))?.problem == "the entry \"w\" is a tuple, not a tensor")
        let marks = Self.opcodes(String(repeating: "(", count: 1_000_000))
        #expect(try error(ZipWriter.checkpoint(marks))?.problem.contains("ends in the middle") == true)
    }

    /// A dictionary that holds itself.
    @Test func cycles() throws {
        let pickle = Self.opcodes("}q\0X\u{1}\0\0\0wh\0s.")
        #expect(try error(ZipWriter.checkpoint(pickle))?.problem == "the entry \"w\" is a dictionary, not a tensor")
    }

    @Test func aPickleBeyondTheBound() throws {
        let pickle = [UInt8](repeating: UInt8(ascii: "N"), count: PickleReader.byteLimit + 1)
        #expect(try error(ZipWriter.checkpoint(pickle))?.problem.contains("pickle of 8388609 bytes") == true)
    }
}

@Suite("Broken ZIP files")
struct HostileZipTests {
    private func error(_ bytes: [UInt8]) throws -> CheckpointError? {
        let folder = try TemporaryFolder()
        let url = try folder.write(bytes, to: "bad.bin")
        return #expect(throws: CheckpointError.self) { try PyTorchArchive(file: url) }
    }

    @Test(
        arguments: [
            ([], "is empty"), (Array("PK".utf8), "not a file that torch.save wrote"),
            ([0x50, 0x4B, 3, 4], "no ZIP directory"),
            ([0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 70_000), "no ZIP directory"),
            (ZipWriter.file(["a": [1]]), "0 files named data.pkl"),
            (ZipWriter.file(["a/data.pkl": [1], "b/data.pkl": [1]]), "2 files named data.pkl"),
            (ZipWriter.file(["a/data.pkl": [1], "a/constants.pkl": [1]]), "TorchScript"),
            (ZipWriter.file(["a/data.pkl": [1], "a/byteorder": Array("big".utf8)]), "most significant byte first"),
            (ZipWriter.file(["\u{600}/data.pkl": [1]]), "the pickle"),
            (ZipWriter.file(["a/data.pkl": [1], "a/data.pkl": [1]]), "twice"),
        ] as [([UInt8], String)])
    func isRefused(bytes: [UInt8], says: String) throws {
        let error = try error(bytes)
        #expect(error?.problem.contains(says) == true, "\(error?.description ?? "")")
    }

    @Test func everyPrefixIsRefused() throws {
        let whole = Array(try Data(contentsOf: try fixtureURL("tiny-zip64.bin")))
        let folder = try TemporaryFolder()
        for count in stride(from: 0, to: whole.count, by: 13) {
            let url = try folder.write(Array(whole[..<count]), to: "cut.bin")
            #expect(throws: CheckpointError.self, "\(count)") { try PyTorchArchive(file: url) }
        }
    }

    /// Whatever a flipped byte does, the file opens with readable tensors or gives an error; it never traps.
    @Test(arguments: ["tiny.bin", "tiny-deflated.bin", "tiny-zip64.bin"])
    func flippedBytes(name: String) throws {
        let folder = try TemporaryFolder()
        let whole = Array(try Data(contentsOf: try fixtureURL(name)))
        var random = SeededGenerator(state: 11)
        var refused = 0
        let rounds = 700
        for _ in 0..<rounds {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            let url = try folder.write(bytes, to: "flipped.bin")
            do {
                let archive = try PyTorchArchive(file: url)
                for tensor in archive.tensors.values {
                    #expect(try archive.bytes(of: tensor).count == tensor.byteCount)
                }
            } catch let error as CheckpointError {
                #expect(error.file == "flipped.bin")
                refused += 1
            }
        }
        #expect((50..<rounds).contains(refused))
    }
}
