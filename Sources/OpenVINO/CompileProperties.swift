import ElementTypes

/// How a model is compiled. What is nil is left to the runtime.
public struct CompileProperties: Sendable, Equatable {
    public enum Precision: String, Sendable { case f32, f16, bf16, u8 }
    public enum PerformanceHint: String, Sendable { case latency = "LATENCY", throughput = "THROUGHPUT" }

    /// Arithmetic between the layers; nil takes bf16 where the processor has it.
    public var inferencePrecision: Precision?
    /// Storage of keys and values in a paged cache; nil is u8 on x86.
    public var keyValueCachePrecision: Precision?
    /// Activations are quantised in groups of this size before a compressed matrix; 0 switches that off.
    public var dynamicQuantizationGroupSize: Int?
    public var performanceHint: PerformanceHint? = .latency
    public var threadCount: Int?
    /// Where compiled models are kept between runs.
    public var cacheDirectory: String?
    /// How many kernels made for one shape a compiled model keeps on the CPU. A step of a language model has as many
    /// shapes as it can have tokens, and the runtime's own 5,000 grow by hundreds of megabytes before they are full.
    public var keptKernels: Int? = 256
    /// Any other property, by OpenVINO's name.
    public var others: [String: String] = [:]

    public init() {}

    /// For equality with a reference: float32 throughout, nothing quantised on the way.
    public static var exact: CompileProperties {
        var properties = CompileProperties()
        properties.inferencePrecision = .f32
        properties.keyValueCachePrecision = .f32
        properties.dynamicQuantizationGroupSize = 0
        return properties
    }

    func strings(device: String) -> [String: String] {
        var result = others
        if device == "CPU" { result["CPU_RUNTIME_CACHE_CAPACITY"] = keptKernels.map(String.init) }
        result["INFERENCE_PRECISION_HINT"] = inferencePrecision?.rawValue
        result["KV_CACHE_PRECISION"] = keyValueCachePrecision?.rawValue
        result["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = dynamicQuantizationGroupSize.map(String.init)
        result["PERFORMANCE_HINT"] = performanceHint?.rawValue
        result["INFERENCE_NUM_THREADS"] = threadCount.map(String.init)
        result["CACHE_DIR"] = cacheDirectory
        return result
    }
}
