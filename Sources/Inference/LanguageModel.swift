import Checkpoints
import ModelGraphs
import OpenVINO

/// The decoder over a paged cache of keys and values.
///
/// One sequence at a time; its blocks are numbered from 0.
final class LanguageModel {
    let hiddenSize: Int
    let vocabularySize: Int
    private let request: InferRequest
    private let embeddingRequest: InferRequest
    /// The token table's only input and output: exporters name them differently.
    private let embeddingPorts: (input: String, output: String)
    private let cachePorts: [Port]
    /// Blocks the cache tensors hold.
    private var capacity = 0

    /// Tokens in one block of the CPU plugin's cache.
    static let blockSize = 32

    init(_ compiler: GraphCompiler) throws {
        let config = compiler.config
        hiddenSize = config.text.hiddenSize
        vocabularySize = config.text.vocabularySize
        let compiled = try compiler.compilePaged()
        cachePorts = try compiled.inputs().filter {
            $0.name.hasPrefix("key_cache.") || $0.name.hasPrefix("value_cache.")
        }
        request = try compiled.makeRequest()
        let table = try compiler.compile(.textEmbeddings)
        embeddingPorts = (
            try table.inputs().first?.name ?? PortName.inputIDs,
            try table.outputs().first?.name ?? PortName.inputsEmbeds
        )
        embeddingRequest = try table.makeRequest()
    }

    /// Bytes of keys and values that one block takes in all layers.
    var bytesPerBlock: Int {
        cachePorts.reduce(0) { sum, port in
            sum + (port.shape ?? []).dropFirst().reduce(1) { $0 * ($1 ?? 1) } * port.elementType.bitWidth / 8
        }
    }

    static func blockCount(tokens: Int) -> Int { (tokens + blockSize - 1) / blockSize }

    /// Makes room for a sequence of this length. The cache's contents are lost when it grows.
    func reserve(tokens: Int) throws {
        let blocks = Self.blockCount(tokens: tokens)
        guard blocks > capacity else { return }
        for port in cachePorts {
            // Type and shape are the compiled model's: they depend on precision and processor.
            let block = (port.shape ?? []).dropFirst().map { $0 ?? 1 }
            let tensor = try Tensor(port.elementType, shape: [blocks] + block)
            try tensor.withUnsafeMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) }
            try request.set(port.name, tensor)
        }
        capacity = blocks
    }

    /// Embeddings [T, D] of token ids.
    func embed(_ ids: [Int32]) throws -> [Float] {
        try embeddingRequest.set(embeddingPorts.input, try Tensor(ids.map(Int64.init), shape: [1, ids.count]))
        try embeddingRequest.infer()
        return try embeddingRequest.tensor(embeddingPorts.output).elements(of: Float.self)
    }

    /// Appends positions to the sequence and calls `body` with the logits [V] of the last.
    ///
    /// - Parameters:
    ///   - embeddings: [count, D].
    ///   - past: positions already in the cache.
    func step<Result>(
        _ embeddings: Tensor, count: Int, past: Int, body: (UnsafeBufferPointer<Float>) throws -> Result
    ) throws -> Result {
        let blocks = Self.blockCount(tokens: past + count)
        try request.set(PortName.inputsEmbeds, embeddings)
        try request.set(PortName.positionIDs, try Tensor((past..<(past + count)).map(Int64.init), shape: [count]))
        try request.set(PortName.pastLengths, try Tensor([Int32(past)], shape: [1]))
        try request.set(PortName.subsequenceBegins, try Tensor([0, Int32(count)], shape: [2]))
        try request.set(PortName.blockIndices, try Tensor((0..<blocks).map(Int32.init), shape: [blocks]))
        try request.set(PortName.blockIndicesBegins, try Tensor([0, Int32(blocks)], shape: [2]))
        try request.set(PortName.maxContextLength, try Tensor([Int32(past + count)], shape: []))
        try request.set(PortName.sampledTokensIndices, try Tensor([Int64(count - 1)], shape: [1]))
        try request.infer()
        return try request.tensor(PortName.logits).withElements(of: Float.self) { try body(UnsafeBufferPointer($0)) }
    }

    func makeCanceller() -> InferRequest.Canceller { request.makeCanceller() }
}
