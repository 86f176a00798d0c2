import Checkpoints
import ElementTypes
import ModelGraphs
import OpenVINO
import Scheduling

/// The decoder over a paged cache of keys and values: computes mixed batches of prompts and continuations.
final class LanguageModel {
    let hiddenSize: Int
    let vocabularySize: Int
    let cache: KeyValueCache
    private let request: InferRequest
    private let inputs: StepInputs
    private let embedder: TextEmbedder
    private var shapes = StepShapes()

    /// Bytes of keys and values that one block takes in all layers, before a cache is made.
    struct Compiled {
        fileprivate let model: CompiledModel
        fileprivate let cachePorts: [OpenVINO.Port]
        var bytesPerBlock: Int { KeyValueCache.bytesPerBlock(cachePorts) }
        let blockSize: Int
        /// By the runtime's names.
        var properties: [String: String] { model.propertiesInForce() }
    }

    static func compile(_ compiler: GraphCompiler) throws -> Compiled {
        let model = try compiler.compilePaged()
        let ports = try model.inputs().filter {
            $0.name.hasPrefix(PortName.keyCachePrefix) || $0.name.hasPrefix(PortName.valueCachePrefix)
        }
        return Compiled(model: model, cachePorts: ports, blockSize: try KeyValueCache.blockSize(ports))
    }

    init(_ compiled: Compiled, compiler: GraphCompiler, blockCount: Int) throws {
        hiddenSize = compiler.config.text.hiddenSize
        vocabularySize = compiler.config.text.vocabularySize
        request = try compiled.model.makeRequest()
        cache = try KeyValueCache(compiled.cachePorts, blockCount: blockCount, request: request)
        inputs = try StepInputs(hiddenSize: hiddenSize, request: request)
        embedder = try TextEmbedder(compiler, width: hiddenSize)
    }

    /// Copies the blocks that a step wants copied, once and before it is loaded.
    func copy(_ step: Step) { for copy in step.copies { cache.copy(copy) } }

    /// Sets the inputs of a step.
    ///
    /// - Parameter content: of the entry at a place in the step.
    func load(_ step: Step, content: (Int) -> PromptContent) throws {
        if shapes.areMixed { try settle() }
        try inputs.fill(step) { place, ids in
            content(place).writePositionIDs(step.entries[place].positions, to: ids)
        } rows: { rows in
            var row = 0
            for (place, entry) in step.entries.enumerated() {
                content(place).write(entry.positions, into: rows, at: row, width: hiddenSize, embedder: embedder)
                row += entry.positions.count
            }
            try embedder.flush(into: rows)
        }
    }

    /// Computes a loaded step and calls `body` with the logits [V] of each entry that samples, in order.
    func run(_ step: Step, body: (Int, UnsafeBufferPointer<Float>) throws -> Void) throws {
        try infer(step)
        guard step.sampledCount > 0 else { return }
        try request.tensor(PortName.logits).withElements(of: Float.self) { logits in
            for row in 0..<step.sampledCount {
                try body(
                    row, UnsafeBufferPointer(rebasing: logits[(row * vocabularySize)..<((row + 1) * vocabularySize)]))
            }
        }
    }

    private func infer(_ step: Step) throws {
        do { try request.infer() } catch {
            shapes.noteBroken(step)
            throw error
        }
        shapes.noteWhole(step)
    }

    /// Runs a step that nobody asked for, of a shape that no part of the graph can be left with.
    private func settle() throws {
        var step = Step()
        step.entries = (0..<shapes.unusedCount).map {
            StepEntry(id: UInt64($0), positions: 0..<1, blockTable: [cache.scratchBlock], samples: true)
        }
        try inputs.fill(step) {
            $1.update(repeating: 0)
        } rows: {
            $0.update(repeating: 0)
        }
        try infer(step)
    }

    func makeCanceller() -> InferRequest.Canceller { request.makeCanceller() }
}

/// Looks token ids up in the model's table, many at once.
final class TextEmbedder {
    private let request: InferRequest
    private let input: String
    private let output: String
    private let width: Int
    private let ids: Tensor
    private var waiting: [(id: Int64, row: Int)] = []

    init(_ compiler: GraphCompiler, width: Int) throws {
        let compiled = try compiler.compile(.textEmbeddings)
        // Other exporters call the ports otherwise.
        guard let input = try compiled.inputs().first, let output = try compiled.outputs().first else {
            throw InferenceError.inconsistentModel("its token table has no ports", remedy: "import it again")
        }
        (self.input, self.output) = (input.name, output.name)
        self.width = width
        request = try compiled.makeRequest()
        ids = try Tensor(.i64, shape: [1, 1])
    }

    /// Notes a token whose embedding belongs into a row.
    func add(_ id: Int32, row: Int) { waiting.append((Int64(id), row)) }

    /// Writes what was noted.
    ///
    /// - Parameter rows: [rows, width].
    func flush(into rows: UnsafeMutableBufferPointer<Float>) throws {
        guard !waiting.isEmpty else { return }
        defer { waiting.removeAll(keepingCapacity: true) }
        try ids.reshape([1, waiting.count])
        try ids.withElements(of: Int64.self) { target in
            for (place, token) in waiting.enumerated() { target[place] = token.id }
        }
        try request.set(input, ids)
        try request.infer()
        try request.tensor(output).withElements(of: Float.self) { found in
            for (place, token) in waiting.enumerated() {
                let source = UnsafeBufferPointer(rebasing: found[(place * width)..<((place + 1) * width)])
                _ = UnsafeMutableBufferPointer(rebasing: rows[(token.row * width)...].prefix(width)).update(
                    from: source)
            }
        }
    }
}
