import Checkpoints
import Crypto
public import Foundation
import ModelGraphs
import OpenVINO

/// Keeps fitted cost models between runs, one small file for each machine and model.
///
/// Nothing depends on it: a file that is damaged, of another key, or cannot be written only means that a model is fitted
/// again.
public struct CostModelStore: Sendable {
    /// Nil keeps nothing.
    public let folder: URL?

    public init(folder: URL? = CostModelStore.defaultFolder) { self.folder = folder }

    /// `$XDG_CACHE_HOME/hired`, else `~/.cache/hired`; on macOS `~/Library/Caches/hired`.
    public static var defaultFolder: URL? {
        folder(environment: ProcessInfo.processInfo.environment, home: FileManager.default.homeDirectoryForCurrentUser)
    }

    static func folder(environment: [String: String], home: URL) -> URL {
        // The specification has relative paths ignored.
        if let path = environment["XDG_CACHE_HOME"], path.hasPrefix("/") {
            return URL(fileURLWithPath: path).appending(path: "hired")
        }
        #if canImport(Darwin)
            return home.appending(path: "Library/Caches/hired")
        #else
            return home.appending(path: ".cache/hired")
        #endif
    }

    /// What makes a fit worthless when it changes.
    struct Key: Codable, Equatable, Sendable {
        /// Counts up when the meaning of the numbers changes.
        var format = 3
        /// Digest of the model's manifest or configuration.
        var configuration: String
        /// Digest of every weight's type and size.
        var weights: String
        var processor: String
        var threads: Int
        var precision: String
        var cachePrecision: String
        var activationGroups: String
        var devices: String
        var runtime: String

        /// The SHA-256 of all of them, in hexadecimal.
        var digest: String {
            let fields = [
                "\(format)", configuration, weights, processor, "\(threads)", precision, cachePrecision,
                activationGroups, devices, runtime,
            ]
            // Lengths keep neighbours apart.
            return CostModelStore.hexadecimal(fields.map { "\($0.utf8.count):\($0)" }.joined())
        }
    }

    private struct File: Codable {
        var key: Key
        var cost: CostModel
    }

    static func hexadecimal(_ text: String) -> String {
        SHA256.hash(data: Data(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func url(_ key: Key) -> URL? { folder?.appending(path: "cost-\(key.digest).json") }

    func load(_ key: Key) -> CostModel? {
        guard let url = url(key), let data = try? Data(contentsOf: url),
            let file = try? JSONDecoder().decode(File.self, from: data), file.key == key, file.cost.isPlausible
        else { return nil }
        return file.cost
    }

    /// Atomic, so that two programs at once leave one whole file.
    func save(_ cost: CostModel, for key: Key) {
        guard let folder, let url = url(key) else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        guard let data = try? encoder.encode(File(key: key, cost: cost)) else { return }
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try? data.write(to: url, options: .atomic)
    }
}

extension CostModelStore.Key {
    /// - Parameters:
    ///   - weights: every weight of every graph, as it is stored.
    ///   - language: where the language model is computed, if not here.
    init(
        _ compiler: GraphCompiler, weights: [(part: GraphPart, type: String, byteCount: Int)], language: String?
    ) {
        let options = compiler.options
        let folder = compiler.source.description.url
        let name = compiler.source.manifest == nil ? "config.json" : ModelManifest.fileName
        let text = (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
        self.init(
            configuration: CostModelStore.hexadecimal(text),
            weights: CostModelStore.hexadecimal(
                weights.map { "\($0.part.rawValue) \($0.type) \($0.byteCount)" }.joined(separator: "\n")),
            processor: compiler.processorName,
            threads: options.threads ?? ProcessInfo.processInfo.activeProcessorCount,
            precision: options.precision.rawValue, cachePrecision: options.cachePrecision.rawValue,
            activationGroups: options.activationGroups.rawValue,
            devices: "\(language ?? options.device) \(options.visionDevice ?? "")", runtime: Core.runtimeVersion)
    }
}
