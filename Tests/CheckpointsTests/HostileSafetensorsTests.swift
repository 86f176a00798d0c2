import Failures
import Foundation
import Testing

@testable import Checkpoints

@Suite("Broken and lying safetensors files")
struct HostileSafetensorsTests {
    struct Hostile: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var bytes: [UInt8]
        /// A part of the message.
        var says: String
        var code = CheckpointError.Code.malformed
    }

    private static func lying(_ name: String, _ entries: String..., data: Int = 8, says: String) -> Hostile {
        let header = "{\(entries.joined(separator: ","))}"
        return Hostile(
            testDescription: name,
            bytes: SafetensorsWriter.file(header: header, data: [UInt8](repeating: 1, count: data)), says: says)
    }

    private typealias Writer = SafetensorsWriter

    static let files: [Hostile] = [
        Hostile(testDescription: "empty file", bytes: [], says: "is empty"),
        Hostile(testDescription: "seven bytes", bytes: [2, 0, 0, 0, 0, 0, 0], says: "7 bytes long"),
        Hostile(
            testDescription: "header length beyond the bound",
            bytes: Writer.file(header: "{}", announcing: 100_000_001),
            says: "more than 100000000"),
        Hostile(
            testDescription: "header length of all ones", bytes: Writer.file(header: "{}", announcing: .max),
            says: "18446744073709551615"),
        Hostile(
            testDescription: "header longer than the file", bytes: Writer.file(header: "{}", announcing: 3),
            says: "10 bytes in all"),
        Hostile(testDescription: "no header", bytes: Writer.file(header: ""), says: "not a JSON object"),
        Hostile(testDescription: "a list", bytes: Writer.file(header: "[]"), says: "not a JSON object"),
        Hostile(testDescription: "cut JSON", bytes: Writer.file(header: "{\"a\":"), says: "cannot be decoded"),
        Hostile(testDescription: "cut string", bytes: Writer.file(header: "{\"a\\"), says: "cannot be decoded"),
        Hostile(testDescription: "only brackets", bytes: Writer.file(header: "{]]]}}"), says: "cannot be decoded"),
        Hostile(
            testDescription: "invalid UTF-8", bytes: [6, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x7D],
            says: "not UTF-8"),
        Hostile(testDescription: "UTF-16", bytes: Writer.file(header: "{\0}\0"), says: "cannot be decoded"),
        Hostile(
            testDescription: "a hundred thousand lists",
            bytes: Writer.file(header: "{\"a\":" + String(repeating: "[", count: 100_000)), says: "deeper than 64"),
        Hostile(
            testDescription: "a hundred thousand objects",
            bytes: Writer.file(header: String(repeating: "{\"a\":", count: 100_000)), says: "deeper than 64"),
        Hostile(
            testDescription: "unknown type",
            bytes: Writer.file(
                header: "{\(Writer.entry("w", "Q7", [2], 0, 8))}", data: [UInt8](repeating: 0, count: 8)),
            says: "tensor \"w\" has the unknown type \"Q7\"", code: .unsupported),
        lying("offsets outside", Writer.entry("w", "F32", [4], 0, 16), says: "0 to 16 of 8"),
        lying("end before begin", Writer.entry("w", "F32", [2], 8, 0), says: "8 to 0"),
        lying("negative begin", Writer.entry("w", "F32", [3], -4, 8), says: "-4 to 8"),
        lying("offsets at the edge of Int", Writer.entry("w", "F32", [2], .max, .max), says: "claims bytes"),
        lying(
            "overlap", Writer.entry("v", "F32", [1], 0, 4), Writer.entry("w", "F32", [2], 0, 8),
            says: "begins at byte 0"
        ),
        lying(
            "hole", Writer.entry("v", "F16", [1], 0, 2), Writer.entry("w", "F32", [1], 4, 8), says: "begins at byte 4"),
        lying("hole at the start", Writer.entry("w", "F32", [1], 4, 8), says: "begins at byte 4"),
        lying("bytes left over", Writer.entry("w", "F32", [1], 0, 4), says: "4 bytes that belong to no tensor"),
        lying("size mismatch", Writer.entry("w", "F32", [3], 0, 8), says: "shape [3]"),
        lying("shape product overflows", Writer.entry("w", "F32", [1 << 40, 1 << 40], 0, 8), says: "does not give"),
        lying("bit count overflows", Writer.entry("w", "F32", [1 << 59], 0, 8), says: "does not give"),
        lying("negative sizes", Writer.entry("w", "F32", [-1, -2], 0, 8), says: "does not give"),
        lying("half a byte", Writer.entry("w", "F4", [1], 0, 8), says: "does not give"),
        lying("a name twice", Writer.entry("w", "F32", [2], 0, 8), Writer.entry("w", "F16", [4], 0, 8), says: "twice"),
        lying(
            "a name twice, once escaped", Writer.entry("w", "F32", [2], 0, 8),
            Writer.entry("\\u0077", "F16", [4], 0, 8), says: "twice"),
        lying("a type twice", #""w":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}"#, says: "twice"),
        lying("three offsets", #""w":{"dtype":"F32","shape":[2],"data_offsets":[0,4,8]}"#, says: "\"w\""),
        lying("offsets as text", #""w":{"dtype":"F32","shape":[2],"data_offsets":["0","8"]}"#, says: "\"w\""),
        lying(
            "fractional shape", #""w":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}"#, says: "\"w\""),
        lying("huge number", #""w":{"dtype":"F32","shape":[1e99],"data_offsets":[0,8]}"#, says: "\"w\""),
        lying("no type", #""w":{"shape":[2],"data_offsets":[0,8]}"#, says: "dtype"),
        lying("null type", #""w":{"dtype":null,"shape":[2],"data_offsets":[0,8]}"#, says: "\"w\""),
        lying("metadata of numbers", #""__metadata__":{"a":1}"#, data: 0, says: "__metadata__"),
    ]

    @Test(arguments: files)
    func isRefusedWithItsName(_ hostile: Hostile) throws {
        let folder = try TemporaryFolder()
        let url = try folder.write(hostile.bytes, to: "bad.safetensors")
        let error = #expect(throws: CheckpointError.self) { try SafetensorsArchive(file: url) }
        #expect(error?.code == hostile.code)
        #expect(error?.file == "bad.safetensors")
        #expect(error?.problem.contains(hostile.says) == true, "\(error?.description ?? "")")
    }

    @Test func emptyArchivesOpen() throws {
        let folder = try TemporaryFolder()
        let url = try folder.write(SafetensorsWriter.file(header: "{}  "), to: "empty.safetensors")
        let archive = try SafetensorsArchive(file: url)
        #expect(archive.tensors.isEmpty)
        #expect(try MappedWeights(archive, poolByteCount: 0).byteCount == Int(getpagesize()))
    }

    /// 1,500 edited headers are taken or refused, name for name, as upstream does.
    @Test func sameVerdictAsUpstream() throws {
        struct Verdicts: Decodable {
            struct Case: Decodable {
                var edits: [[Int]]
                var names: [String]?
            }
            var schema: Int
            var cases: [Case]
        }
        let verdicts = try JSONDecoder().decode(
            Verdicts.self, from: Data(contentsOf: try fixtureURL("safetensors-edits.json")))
        try #require(verdicts.schema == 1)
        #expect(verdicts.cases.count == 1500)
        let folder = try TemporaryFolder()
        let whole = Array(try Data(contentsOf: try fixtureURL("tiny.safetensors")))
        for item in verdicts.cases {
            var bytes = whole
            for edit in item.edits { bytes[edit[0]] = UInt8(truncatingIfNeeded: edit[1]) }
            let url = try folder.write(bytes, to: "edited.safetensors")
            let names = try? SafetensorsArchive(file: url).tensors.keys.sorted()
            #expect(names == item.names, "\(item.edits)")
        }
    }

    /// Whatever a flipped byte does, the file opens with tensors inside it or is refused; it never traps.
    @Test func flippedBytes() throws {
        let folder = try TemporaryFolder()
        let whole = Array(try Data(contentsOf: try fixtureURL("tiny.safetensors")))
        var random = SeededGenerator(state: 7)
        var refused = 0
        for _ in 0..<1500 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<min(bytes.count, 560), using: &random)] = UInt8.random(
                    in: .min ... .max, using: &random)
            }
            if Int.random(in: 0..<8, using: &random) == 0 {
                bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            }
            let url = try folder.write(bytes, to: "flipped.safetensors")
            do {
                let weights = try MappedWeights(try SafetensorsArchive(file: url))
                for tensor in weights.tensors.values {
                    #expect(try weights.withUnsafeBytes(of: tensor) { Array($0) }.count == tensor.byteCount)
                }
            } catch let error as CheckpointError {
                #expect(error.file == "flipped.safetensors")
                refused += 1
            }
        }
        #expect((700..<1500).contains(refused))
    }
}

@Suite("Broken shard indexes")
struct HostileIndexTests {
    @Test(arguments: [
        ("{\"weight_map\": {}}", "lists no tensor", CheckpointError.Code.malformed),
        ("{\"metadata\": {}}", "weight_map", .malformed),
        ("[]", "wrong type", .malformed),
        ("", "is empty", .malformed),
        ("{\"weight_map\": {\"a\": 3}}", "\"a\"", .malformed),
        ("{\"weight_map\": {\"a\": \"gone.safetensors\"}}", "not in the folder", .missing),
        ("{\"weight_map\": {\"a\": \"../one.safetensors\"}}", "not a file beside it", .malformed),
        ("{\"weight_map\": {\"a\": \"/etc/hosts\"}}", "not a file beside it", .malformed),
        ("{\"weight_map\": {\"a\": \"sub/one.safetensors\"}}", "not a file beside it", .malformed),
        ("{\"weight_map\": {\"a\": \"..\"}}", "not a file beside it", .malformed),
        ("{\"weight_map\": {\"a\": \"\"}}", "not a file beside it", .malformed),
        ("{\"weight_map\": {\"a\": \"\\u0000\"}}", "not a file beside it", .malformed),
        ("{\"weight_map\": {\"zz\": \"one.safetensors\"}}", "lacks the tensor \"zz\"", .malformed),
        ("{\"weight_map\": {\"a\": \"one.safetensors\", \"a\": \"two.safetensors\"}}", "twice", .malformed),
    ])
    func isRefused(index: String, says: String, code: CheckpointError.Code) throws {
        let folder = try TemporaryFolder()
        try folder.write(SafetensorsWriter.file(["a": [1]]), to: "one.safetensors")
        try folder.write(index, to: SafetensorsArchive.indexFileName)
        let error = #expect(throws: CheckpointError.self) { try SafetensorsArchive(folder: folder.url) }
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
        #expect(error?.code == code)
    }

    @Test func aFolderInPlaceOfAShard() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            at: folder.url.appendingPathComponent(SafetensorsArchive.singleFileName), withIntermediateDirectories: false
        )
        let error = #expect(throws: CheckpointError.self) { try SafetensorsArchive(folder: folder.url) }
        #expect(error?.problem == "is not a regular file")
    }
}
