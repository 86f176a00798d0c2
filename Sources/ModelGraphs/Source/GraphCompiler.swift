package import Checkpoints
import ElementTypes
package import OpenVINO

/// Arithmetic of a loaded model.
public enum Precision: String, Sendable, CaseIterable {
    /// The runtime's choice: bf16 where the processor has it, keys and values in 8 bits.
    case auto
    /// Float32 throughout, for equality with a reference.
    case f32
    case bf16
}

/// Storage of keys and values.
public enum CachePrecision: String, Sendable, CaseIterable {
    /// The runtime's choice: 8 bits on x86.
    case auto
    case u8, f16, f32
}

/// Compiles one model's graphs.
package final class GraphCompiler {
    package let source: any GraphSource
    private let core: Core
    private let properties: CompileProperties

    package init(
        _ source: any GraphSource, precision: Precision, cachePrecision: CachePrecision = .auto,
        threads: Int?
    ) throws {
        self.source = source
        core = try Core()
        var properties = precision == .f32 ? CompileProperties.exact : CompileProperties()
        if precision == .bf16 { properties.inferencePrecision = .bf16 }
        if cachePrecision != .auto {
            properties.keyValueCachePrecision = CompileProperties.Precision(rawValue: cachePrecision.rawValue)
        }
        properties.threadCount = threads
        self.properties = properties
    }

    /// Bytes of the floats the runtime computes with under these properties.
    package var floatBytes: Int {
        get throws {
            guard properties.inferencePrecision != .f32 else { return 4 }
            return try core.property("OPTIMIZATION_CAPABILITIES").contains("BF16") ? 2 : 4
        }
    }

    /// Empty where the runtime does not say.
    package var processorName: String { (try? core.property("FULL_DEVICE_NAME")) ?? "" }

    package var config: VisionLanguageConfig { source.description.config }

    package func compile(_ part: GraphPart) throws -> CompiledModel {
        try core.compile(try source.read(part, core: core), properties: properties)
    }

    /// Compiles the vision tower with just these taps.
    package func compileVision(taps: [LayerTap]) throws -> CompiledModel {
        try core.compile(try source.readVision(taps: taps, core: core), properties: properties)
    }

    /// Bytes that the runtime keeps for a tower with these taps.
    package func visionByteCount(taps: [LayerTap]) throws -> Int {
        ResidentWeights.byteCount(try source.visionWeights(taps: taps), floatBytes: try floatBytes)
    }

    /// Compiles what compares rows, in float32 whatever the model's arithmetic is: in bf16 most cosines would be ties.
    package func compileCosines() throws -> CompiledModel {
        let graph = try CosineGraph.emit()
        var exact = CompileProperties.exact
        exact.threadCount = properties.threadCount
        let constants = try Tensor(graph.constants, shape: [graph.constants.count])
        return try core.compile(try core.readModel(xml: graph.xml, weights: constants), properties: exact)
    }

    /// Compiles the decoder with paged attention.
    package func compilePaged() throws -> CompiledModel {
        let layers = config.text.layerCount
        let model = try source.read(.languageModel, core: core)
        try model.convertToPagedAttention(layers: layers)
        let compiled = try core.compile(model, properties: properties)
        // An angle that is not part of a fused node would be rounded to bf16: wrong beyond a few hundred positions.
        let fused = try compiled.executedNodeCount("RoPE")
        guard fused == 2 * layers else {
            throw GraphError.configuration(
                key: "text_config",
                reason: "gives \(2 * layers) rotary embeddings, of which the runtime recognised \(fused); "
                    + "report this model's config.json")
        }
        return compiled
    }
}
