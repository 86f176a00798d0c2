package import Checkpoints
import ElementTypes
package import OpenVINO

/// Compiles one model's graphs.
package final class GraphCompiler {
    package let source: any GraphSource
    package let options: CompilationOptions
    private let core: Core
    private let properties: CompileProperties

    package init(_ source: any GraphSource, _ options: CompilationOptions = CompilationOptions()) throws {
        self.source = source
        self.options = options
        core = try Core()
        var properties = options.precision == .f32 ? CompileProperties.exact : CompileProperties()
        if options.precision == .bf16 { properties.inferencePrecision = .bf16 }
        if options.cachePrecision != .auto {
            properties.keyValueCachePrecision = CompileProperties.Precision(
                rawValue: options.cachePrecision.rawValue)
        }
        properties.threadCount = options.threads
        self.properties = properties
    }

    private var visionDevice: String { options.visionDevice ?? options.device }

    /// Names of what this machine's runtime can compute on.
    package func availableDevices() throws -> [String] { try core.availableDevices() }

    /// Bytes of the floats the runtime computes with under these properties.
    package var floatBytes: Int {
        get throws {
            guard properties.inferencePrecision != .f32 else { return 4 }
            return try core.property("OPTIMIZATION_CAPABILITIES", device: options.device).contains("BF16") ? 2 : 4
        }
    }

    /// Of what computes the language model and the tower. Empty where the runtime does not say.
    package var processorName: String {
        Set([options.device, visionDevice]).sorted()
            .compactMap { try? core.property("FULL_DEVICE_NAME", device: $0) }.joined(separator: ", ")
    }

    package var config: VisionLanguageConfig { source.description.config }

    /// Compiles a graph other than the language model's. The token table is read where it lies, by the processor.
    package func compile(_ part: GraphPart) throws -> CompiledModel {
        try core.compile(
            try source.read(part, core: core),
            device: part == .textEmbeddings ? CompilationOptions.processor : visionDevice, properties: properties)
    }

    /// Compiles the vision tower with just these taps.
    package func compileVision(taps: [LayerTap]) throws -> CompiledModel {
        try core.compile(
            try source.readVision(taps: taps, core: core), device: visionDevice, properties: properties)
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
        let properties = try languageProperties(model)
        try model.convertToPagedAttention(layers: layers)
        let compiled = try core.compile(model, device: options.device, properties: properties)
        // The executed nodes of other devices have names of their own.
        guard options.device == CompilationOptions.processor else { return compiled }
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

    /// Compiles the decoder without paging, with the last token's attention in each layer as its outputs.
    ///
    /// - Throws: `GraphError.configuration` for an imported folder, whose graph is a file as it is.
    package func compileAttention() throws -> CompiledModel {
        guard let source = source as? CheckpointSource else {
            throw GraphError.configuration(
                key: "the folder",
                reason: "is an imported one; the language model's attention is read of a checkpoint's")
        }
        let model = try source.readAttention(core: core)
        return try core.compile(model, device: options.device, properties: try languageProperties(model))
    }

    /// Compiles a small graph as the language model is.
    func compileLikeLanguageModel(xml: String, weights: Tensor) throws -> CompiledModel {
        let model = try core.readModel(xml: xml, weights: weights)
        return try core.compile(model, device: options.device, properties: try languageProperties(model))
    }

    /// The fewest columns that share a scale in the language model's 4-bit matrices; nil where it has none. Reads the
    /// graph, no weights.
    package func weightGroup() throws -> Int? {
        guard source.hasLanguageModel else { return nil }
        return try source.read(.languageModel, core: core).smallestWeightGroup()
    }

    private func languageProperties(_ model: Model) throws -> CompileProperties {
        var properties = properties
        switch options.activationGroups {
        // Already off.
        case _ where options.precision == .f32: break
        case .auto:
            if let group = try model.smallestWeightGroup() {
                properties.dynamicQuantizationGroupSize = ActivationGroups.automatic(weightGroup: group)
            }
        case .off: properties.dynamicQuantizationGroupSize = 0
        case .of32, .of64, .of128:
            properties.dynamicQuantizationGroupSize = Int(options.activationGroups.rawValue)
        }
        return properties
    }
}

/// What the runtime says of a compiled model: its answers to questions, by OpenVINO's names.
extension CompiledModel {
    package func propertiesInForce() -> [String: String] {
        let names = [
            "INFERENCE_PRECISION_HINT", "KV_CACHE_PRECISION", "DYNAMIC_QUANTIZATION_GROUP_SIZE",
            "INFERENCE_NUM_THREADS", "EXECUTION_DEVICES",
        ]
        return names.reduce(into: [:]) { result, name in
            if let value = try? property(name), !value.isEmpty { result[name.lowercased()] = value }
        }
    }
}
