import Checkpoints
import OpenVINO

/// Arithmetic of a loaded model.
public enum Precision: String, Sendable, CaseIterable {
    /// The runtime's choice: bf16 where the processor has it, keys and values in 8 bits.
    case auto
    /// Float32 throughout, for equality with a reference.
    case f32
    case bf16
}

/// Compiles emitted graphs over one checkpoint's mapped weights.
final class GraphCompiler {
    private let core: Core
    private let weights: Tensor
    private let properties: CompileProperties

    init(_ mapped: MappedWeights, precision: Precision, threads: Int?) throws {
        core = try Core()
        // The runtime asks for a mutable address; it writes nothing there.
        guard let address = mapped.unsafeRange.baseAddress else {
            throw InferenceError.inconsistentModel("it has no weights", remedy: "download it again")
        }
        weights = try Tensor(
            .u8, shape: [mapped.byteCount], memory: UnsafeMutableRawPointer(mutating: address), owner: mapped)
        var properties = precision == .f32 ? CompileProperties.exact : CompileProperties()
        if precision == .bf16 { properties.inferencePrecision = .bf16 }
        properties.threadCount = threads
        self.properties = properties
    }

    func compile(_ xml: String) throws -> CompiledModel {
        try core.compile(try core.readModel(xml: xml, weights: weights), properties: properties)
    }

    /// Compiles a decoder with paged attention.
    func compilePaged(_ xml: String, layers: Int) throws -> CompiledModel {
        let model = try core.readModel(xml: xml, weights: weights)
        try model.convertToPagedAttention(layers: layers)
        let compiled = try core.compile(model, properties: properties)
        // An angle that is not part of a fused node would be rounded to bf16: wrong beyond a few hundred positions.
        let fused = try compiled.executedNodeCount("RoPE")
        guard fused == 2 * layers else {
            throw InferenceError.unsupportedModel(
                "the runtime recognised \(fused) of \(2 * layers) rotary embeddings",
                remedy: "report this model's config.json")
        }
        return compiled
    }
}
