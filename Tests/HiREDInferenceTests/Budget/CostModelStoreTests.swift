import Foundation
import Testing

@testable import HiREDInference

@Suite struct CostModelStoreTests {
    private let key = CostModelStore.Key(
        configuration: "a", weights: "b", processor: "c", threads: 2, precision: "auto", cachePrecision: "auto",
        activationGroups: "auto", devices: "CPU", runtime: "d")

    private var cost: CostModel {
        var cost = CostModel(CostMeasurements())
        cost.viewMilliseconds = 12.5
        cost.prefillPerSquaredToken = 1.0 / 3
        cost.baseBytes = 1 << 33
        return cost
    }

    private func inFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID())/cache")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        try body(folder)
    }

    private func onlyFile(_ folder: URL) throws -> URL {
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return try #require(files.count == 1 ? files.first : nil)
    }

    @Test func whatIsKeptComesBack() throws {
        try inFolder { folder in
            let store = CostModelStore(folder: folder)
            #expect(store.load(key) == nil)
            store.save(cost, for: key)
            #expect(store.load(key) == cost)
            var other = cost
            other.viewMilliseconds = 13
            store.save(other, for: key)
            #expect(store.load(key) == other)
        }
    }

    @Test func anyOtherKeyFindsNothing() throws {
        try inFolder { folder in
            let store = CostModelStore(folder: folder)
            store.save(cost, for: key)
            let changes: [(inout CostModelStore.Key) -> Void] = [
                { $0.configuration = "x" }, { $0.weights = "x" }, { $0.processor = "x" }, { $0.threads = 1 },
                { $0.precision = "f32" }, { $0.cachePrecision = "f32" },
                { $0.activationGroups = "32" }, { $0.devices = "GPU" }, { $0.runtime = "x" }, { $0.format += 1 },
                // Fields do not run into each other.
                { ($0.configuration, $0.weights) = ("ab", "") },
            ]
            for change in changes {
                var other = key
                change(&other)
                #expect(other.digest != key.digest)
                #expect(store.load(other) == nil)
            }
            // A file that lies under another key's name is not believed.
            var other = key
            other.threads = 7
            try FileManager.default.copyItem(
                at: onlyFile(folder), to: folder.appending(path: "cost-\(other.digest).json"))
            #expect(store.load(other) == nil)
        }
    }

    @Test func damageDoesNotMatter() throws {
        try inFolder { folder in
            let store = CostModelStore(folder: folder)
            store.save(cost, for: key)
            let file = try onlyFile(folder)
            let good = try Data(contentsOf: file)
            let text = String(decoding: good, as: UTF8.self)
            let damaged = [
                Data(), Data("{}".utf8), Data([0, 255, 1]), good.prefix(good.count / 2),
                Data(text.replacing("12.5", with: "-12.5").utf8), Data(text.replacing("12.5", with: "1e300").utf8),
                Data(text.replacing("\(1 << 33)", with: "\(Int.max)").utf8),
            ]
            for data in damaged {
                #expect(data != good)
                try data.write(to: file)
                #expect(store.load(key) == nil)
            }
            store.save(cost, for: key)
            #expect(store.load(key) == cost)
        }
    }

    @Test func foldersThatCannotBeWrittenDoNotMatter() throws {
        try inFolder { folder in
            // A file where the folder should be.
            try FileManager.default.createDirectory(
                at: folder.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data().write(to: folder)
            for store in [CostModelStore(folder: folder), CostModelStore(folder: nil)] {
                store.save(cost, for: key)
                #expect(store.load(key) == nil)
            }
        }
    }

    @Test func theFolderFollowsTheEnvironment() {
        let home = URL(fileURLWithPath: "/home/someone")
        #expect(CostModelStore.folder(environment: ["XDG_CACHE_HOME": "/c"], home: home).path == "/c/hired")
        for environment in [[:], ["XDG_CACHE_HOME": ""], ["XDG_CACHE_HOME": "relative"]] {
            let path = CostModelStore.folder(environment: environment, home: home).path
            #expect(path.hasPrefix("/home/someone/") && path.hasSuffix("/hired"))
        }
    }
}
