import Checkpoints
import Foundation
import ModelGraphs
import Testing

@testable import ModelImport

/// A folder's manifest is a file from outside like any other.
@Suite struct ManifestTests {
    private typealias Object = [String: Any]

    struct Edit: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var says: String
        var change: @Sendable (inout [String: Any]) throws -> Void

        init(_ name: String, says: String, _ change: @escaping @Sendable (inout [String: Any]) throws -> Void) {
            (testDescription, self.says, self.change) = (name, says, change)
        }

        /// Changes one entry of a list.
        static func entry(
            _ name: String, of list: String = "tensors", says: String,
            _ change: @escaping @Sendable (inout [String: Any]) -> Void
        ) -> Edit {
            Edit(name, says: says) { manifest in
                var entries = try #require(manifest[list] as? [[String: Any]])
                change(&entries[1])
                manifest[list] = entries
            }
        }
    }

    static let edits: [Edit] = [
        Edit("no format", says: "no manifest") { $0["format"] = nil },
        Edit("another format", says: "of format 7") { $0["format"] = 7 },
        Edit("a missing key", says: "lacks the key \"created_by\"") { $0["created_by"] = nil },
        Edit("tensors that are no list", says: "\"tensors\" has the wrong type") { $0["tensors"] = "none" },
        .entry("a part of another name", of: "graphs", says: "\"part\" is not valid") { $0["part"] = "tail" },
        .entry("a part twice", of: "graphs", says: "twice") { $0["part"] = "vision" },
        .entry("a negative graph", of: "graphs", says: "negative") { $0["byte_count"] = -1 },
        .entry("a huge number", of: "graphs", says: "wrong type") { $0["byte_count"] = 1e30 },
        .entry("a size no disk holds", of: "graphs", says: "more than any disk") { $0["byte_count"] = Int.max },
        .entry("another file", of: "graphs", says: "names \"../secret.xml\"") { $0["file"] = "../secret.xml" },
        Edit("an absurd text", says: "odd text") { $0["created_by"] = String(repeating: "x", count: 5000) },
        Edit("a text that moves the cursor", says: "odd text") { $0["created_by"] = "a\u{1B}[2J" },
        Edit("a line break in a name", says: "odd text") { $0["chat_template"] = "a\nb" },
        Edit("a file above the folder", says: "not inside the folder") { try Self.name(&$0, "../../etc/passwd") },
        Edit("an absolute file", says: "not inside the folder") { try Self.name(&$0, "/etc/passwd") },
        Edit("a file without a name", says: "not inside the folder") { try Self.name(&$0, "") },
        Edit("tensors without their graph", says: "no such graph") { manifest in
            manifest["graphs"] = try #require(manifest["graphs"] as? [[String: Any]]).filter {
                $0["part"] as? String != "vision"
            }
        },
        Edit("a tensor twice", says: "twice") { manifest in
            let entries = try #require(manifest["tensors"] as? [[String: Any]])
            manifest["tensors"] = entries + [entries[0]]
        },
        .entry("tensors over each other", says: "over each other") { $0["offset"] = 0 },
        .entry("a negative place", says: "no room") { $0["offset"] = -64 },
        .entry("a place at the edge of Int", says: "no room") { $0["offset"] = Int.max },
        .entry("a place behind the end", says: "no room") { $0["offset"] = 1 << 40 },
        .entry("a negative size", says: "no room") { $0["byte_count"] = -8 },
        .entry("a size that the shape does not give", says: "no room") { $0["byte_count"] = 1 },
        .entry("a negative shape", says: "no room") { $0["shape"] = [-1, -1] },
        .entry("a shape that overflows", says: "no room") { $0["shape"] = [Int.max, Int.max] },
        .entry("an unknown type", says: "no room") { $0["type"] = "q7" },
        .entry("scales without groups", says: "no room") { ($0["scale_offset"], $0["group_size"]) = (0, nil) },
        .entry("groups of none", says: "no room") { ($0["scale_offset"], $0["group_size"]) = (0, 0) },
        .entry("groups below nothing", says: "no room") { ($0["scale_offset"], $0["group_size"]) = (0, -4) },
    ]

    /// Gives the first of the source's files another name.
    private static func name(_ manifest: inout [String: Any], _ name: String) throws {
        var source = try #require(manifest["source"] as? [String: Any])
        var files = try #require(source["files"] as? [[String: Any]])
        files[0]["name"] = name
        source["files"] = files
        manifest["source"] = source
    }

    @Test(arguments: edits) func contradictionsAreErrors(_ edit: Edit) throws {
        let checkpoint = try TestCheckpoint()
        try checkpoint.run()
        #expect(throws: Never.self) { try ModelManifest(folder: checkpoint.destination) }
        let file = checkpoint.destination.appending(path: ModelManifest.fileName)
        var manifest = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        try edit.change(&manifest)
        try JSONSerialization.data(withJSONObject: manifest).write(to: file)
        let error = #expect(throws: GraphError.self) { try ModelManifest(folder: checkpoint.destination) }
        guard case .manifest(let path, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(path == file.path)
        #expect(reason.contains(edit.says), "\(reason)")
        #expect(throws: GraphError.self) { try openGraphSource(checkpoint.destination) }
    }

    @Test(arguments: ["", "{", "[]", "null", #"{"format": 1, "format": 1}"#]) func otherTextsAreErrors(_ text: String)
        throws
    {
        let checkpoint = try TestCheckpoint()
        try checkpoint.run()
        try Data(text.utf8).write(to: checkpoint.destination.appending(path: ModelManifest.fileName))
        #expect(throws: GraphError.self) { try ModelManifest(folder: checkpoint.destination) }
    }

    /// A page or a pointer in its place is named for what it is.
    @Test(arguments: [
        ("<!DOCTYPE html><html>", "web page"), ("version https://git-lfs.github.com/spec/v1\noid x", "Git LFS pointer"),
        ("", "is empty"),
    ]) func otherFilesAreNamed(_ text: String, _ says: String) throws {
        let checkpoint = try TestCheckpoint()
        try checkpoint.run()
        for name in [ModelManifest.fileName, "config.json", "tokenizer.json"] {
            let file = checkpoint.destination.appending(path: name)
            let original = try Data(contentsOf: file)
            try Data(text.utf8).write(to: file)
            var message = ""
            do { _ = try openGraphSource(checkpoint.destination) } catch { message = "\(error)" }
            #expect(message.contains(name) && message.contains(says), "\(message)")
            try original.write(to: file)
        }
        #expect(throws: Never.self) { try openGraphSource(checkpoint.destination) }
    }

    /// Values and bytes changed at random: the folder is opened, or refused with an error of this package.
    @Test func mutationsAreReadOrRefused() throws {
        let checkpoint = try TestCheckpoint()
        try checkpoint.run()
        let file = checkpoint.destination.appending(path: ModelManifest.fileName)
        let bytes = Array(try Data(contentsOf: file))
        var generator = SeededGenerator(state: 1127)
        let numbers = [
            "0", "-1", "1", "9223372036854775807", "-9223372036854775808", "4611686018427387904", "1e300", "64",
        ]
        let digits = Set("0123456789".utf8)
        var (accepted, refused) = (0, 0)
        for round in 0..<800 {
            var changed = bytes
            for _ in 0...Int.random(in: 0..<3, using: &generator) {
                let place = Int.random(in: 0..<changed.count, using: &generator)
                if round.isMultiple(of: 2), let start = changed[place...].firstIndex(where: digits.contains) {
                    // A whole number for a whole number.
                    let end = changed[start...].firstIndex { !digits.contains($0) } ?? changed.endIndex
                    let number = numbers[Int.random(in: 0..<numbers.count, using: &generator)]
                    changed.replaceSubrange(start..<end, with: number.utf8)
                } else {
                    changed[place] = UInt8.random(in: 0...255, using: &generator)
                }
            }
            try Data(changed).write(to: file)
            do {
                let manifest = try ModelManifest(folder: checkpoint.destination)
                // What others add up.
                _ = manifest.graphs.reduce(0) { $0 + $1.byteCount }
                _ = manifest.tensors.reduce(0) { $0 + $1.byteCount }
                _ = try openGraphSource(checkpoint.destination).storedWeights()
                accepted += 1
            } catch is GraphError { refused += 1 } catch is CheckpointError { refused += 1 }
        }
        #expect(accepted > 50)
        #expect(refused > 300)
    }

    /// Reading and writing again gives the same bytes.
    @Test func theSameManifestGivesTheSameBytes() throws {
        let checkpoint = try TestCheckpoint()
        try checkpoint.run()
        let data = try Data(contentsOf: checkpoint.destination.appending(path: ModelManifest.fileName))
        #expect(try ModelManifest(folder: checkpoint.destination).encoded() == data)
    }
}
