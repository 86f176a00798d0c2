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

    /// Reading and writing again gives the same bytes.
    @Test func theSameManifestGivesTheSameBytes() throws {
        let checkpoint = try TestCheckpoint()
        try checkpoint.run()
        let data = try Data(contentsOf: checkpoint.destination.appending(path: ModelManifest.fileName))
        #expect(try ModelManifest(folder: checkpoint.destination).encoded() == data)
    }
}
