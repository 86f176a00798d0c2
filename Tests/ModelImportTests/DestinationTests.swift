import Failures
import Foundation
import ModelGraphs
import Testing

@testable import ModelImport

/// Where a model folder may be written, and what is left when it is not.
@Suite struct DestinationTests {
    private let manager = FileManager.default

    @Test func anEmptyFolderMayStandThere() throws {
        let checkpoint = try TestCheckpoint()
        try manager.createDirectory(at: checkpoint.destination, withIntermediateDirectories: true)
        try checkpoint.run()
        #expect(checkpoint.remains == ["model"])
        #expect(ModelManifest.exists(in: checkpoint.destination))
        #expect(try TestCheckpoint.files(checkpoint.destination)[".lock"] == nil)
    }

    @Test func parentFoldersAreMade() throws {
        let checkpoint = try TestCheckpoint()
        let deep = checkpoint.outputs.appending(path: "a/b/c")
        try checkpoint.run(to: deep)
        #expect(ModelManifest.exists(in: deep))
    }

    @Test func nothingThatExistsIsReplaced() throws {
        let checkpoint = try TestCheckpoint()
        try checkpoint.run()
        let before = try TestCheckpoint.files(checkpoint.destination)
        #expect(throws: ImportError.destinationExists(path: checkpoint.destination.path)) { try checkpoint.run() }
        #expect(try TestCheckpoint.files(checkpoint.destination) == before)

        let file = checkpoint.outputs.appending(path: "file")
        try Data("precious".utf8).write(to: file)
        #expect(throws: ImportError.destinationExists(path: file.path)) { try checkpoint.run(to: file) }
        #expect(try Data(contentsOf: file) == Data("precious".utf8))

        let link = checkpoint.outputs.appending(path: "link")
        try manager.createSymbolicLink(at: link, withDestinationURL: file)
        #expect(throws: ImportError.destinationExists(path: link.path)) { try checkpoint.run(to: link) }
        #expect(checkpoint.remains == ["file", "link", "model"])
    }

    @Test func aFolderUnderAFileCannotBeMade() throws {
        let checkpoint = try TestCheckpoint()
        let file = checkpoint.scratch.appending(path: "file")
        try Data().write(to: file)
        let error = #expect(throws: ImportError.self) { try checkpoint.run(to: file.appending(path: "model")) }
        guard case .cannotWrite = error else { return #expect(Bool(false), "\(String(describing: error))") }
    }

    @Test func aFullDiskIsRefusedWithItsNumbers() throws {
        let checkpoint = try TestCheckpoint()
        let error = #expect(throws: ImportError.self) {
            _ = try OutputFolder(for: checkpoint.destination, byteCount: 5_000_001) { _ in 3_999_999 }
        }
        #expect(
            error == .diskFull(path: checkpoint.destination.path, needed: 5_000_001, free: 3_999_999))
        #expect(error?.description.contains("needs 6 MB and the disk has 4 MB free") ?? false)
        #expect(checkpoint.remains.isEmpty)
        // To the byte; and where it is not known how much is free, one can but try.
        for free in [5_000_001, nil] {
            _ = try OutputFolder(for: checkpoint.destination, byteCount: 5_000_001) { _ in free }
        }
        #expect(checkpoint.remains.isEmpty)
    }

    /// The real disk is asked.
    @Test func noDiskHoldsEverything() throws {
        let checkpoint = try TestCheckpoint()
        let error = #expect(throws: ImportError.self) {
            _ = try OutputFolder(for: checkpoint.destination, byteCount: .max)
        }
        guard case .diskFull(_, .max, let free) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(free > 0)
    }

    /// What a killed import left counts as free, and goes.
    @Test func remainsOfAKilledImportAreReplaced() throws {
        let checkpoint = try TestCheckpoint()
        let partial = checkpoint.outputs.appending(path: "model.partial")
        try manager.createDirectory(
            at: partial.appending(path: "chat_templates"), withIntermediateDirectories: true)
        try Data(count: 1_000_000).write(to: partial.appending(path: "openvino_language_model.bin"))
        try Data().write(to: partial.appending(path: ".lock"))
        try Data().write(to: partial.appending(path: "chat_templates/old.jinja"))
        #expect(throws: ImportError.self) {
            _ = try OutputFolder(for: checkpoint.destination, byteCount: 1_500_000) { _ in 400_000 }
        }
        #expect(checkpoint.remains == ["model.partial"])
        _ = try checkpoint.run()
        #expect(checkpoint.remains == ["model"])
        let other = try TestCheckpoint()
        try other.run()
        #expect(try TestCheckpoint.files(checkpoint.destination) == TestCheckpoint.files(other.destination))
    }

    @Test func theSpaceOfRemainsIsCounted() throws {
        let checkpoint = try TestCheckpoint()
        let partial = checkpoint.outputs.appending(path: "model.partial")
        try manager.createDirectory(at: partial, withIntermediateDirectories: true)
        try Data(count: 1_000_000).write(to: partial.appending(path: "weights.bin"))
        _ = try OutputFolder(for: checkpoint.destination, byteCount: 1_400_000) { _ in 400_000 }
        #expect(checkpoint.remains.isEmpty)
    }

    @Test func twoImportsToOnePlaceDoNotMeet() throws {
        let checkpoint = try TestCheckpoint()
        let expected = ImportError.destinationInUse(path: checkpoint.destination.path)
        var wasRefused = false
        try checkpoint.run(threads: 1) { _ in
            guard !wasRefused else { return }
            #expect(throws: expected) { try checkpoint.run() }
            // Another place is free.
            try checkpoint.run(to: checkpoint.outputs.appending(path: "other"))
            wasRefused = true
        }
        #expect(wasRefused)
        #expect(checkpoint.remains == ["model", "other"])
        #expect(
            try TestCheckpoint.files(checkpoint.destination)
                == TestCheckpoint.files(checkpoint.outputs.appending(path: "other")))
    }
}
