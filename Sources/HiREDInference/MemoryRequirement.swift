public import Foundation
public import ModelGraphs

/// What a model needs to be loaded, weighed against the machine before it is.
struct MemoryRequirement {
    /// Bytes that the runtime allocates for weights.
    let weights: Int
    /// Bytes for activations, buffers and the program.
    static let overhead = 400 << 20

    var total: Int { weights + Self.overhead }

    /// - Parameter floatBytes: size of the type the runtime computes with: 4, or 2 for bf16.
    init(_ weights: [StoredWeight], floatBytes: Int) {
        self.weights = ResidentWeights.byteCount(weights, floatBytes: floatBytes)
    }

    /// - Throws: `InferenceError.insufficientMemory`.
    func check(against limit: Int) throws {
        guard total <= limit else { throw InferenceError.insufficientMemory(needed: total, available: limit) }
    }
}

extension VisionLanguageModel {
    /// Bytes that a model needs to be loaded, as ``init(contentsOf:options:)`` weighs them; reads no weights.
    ///
    /// - Throws: `CheckpointError` (also for a checkpoint that must be imported first), `GraphError`, `OpenVINOError`.
    public static func memoryNeeded(for url: URL, precision: Precision = .auto) throws -> Int {
        let source = try openGraphSource(url)
        let compiler = try GraphCompiler(source, CompilationOptions(precision: precision))
        return MemoryRequirement(try source.storedWeights(), floatBytes: try compiler.floatBytes).total
    }
}

extension VisionLanguageModel {
    /// Activations of the language model that share a scale unless options say otherwise; nil where the runtime chooses.
    /// Reads the graph, no weights.
    ///
    /// - Throws: `CheckpointError`, `GraphError`, `OpenVINOError`.
    public static func activationGroup(of url: URL) throws -> Int? {
        try GraphCompiler(openGraphSource(url)).weightGroup().map { ActivationGroups.automatic(weightGroup: $0) }
    }
}

enum MachineMemory {
    /// Bytes that could be taken now without others being pushed out.
    static var available: Int {
        let lines = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8))?.split(separator: "\n") ?? []
        let line = lines.first { $0.hasPrefix("MemAvailable:") }
        let kilobytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        // Where the system does not say, half of all is a fair guess.
        return min(kilobytes.map { $0 * 1024 } ?? total / 2, total)
    }

    /// Bytes this process may use at most: the machine's memory, or a container's limit.
    static var total: Int {
        let physical = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"].compactMap { path in
            (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
                Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        return limits.reduce(physical) { min($0, $1) }
    }
}
