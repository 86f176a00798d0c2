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

/// How many neighbouring activations of the language model share a scale when they are quantised on their way into a
/// matrix of 4 or 8 bits. Larger groups are faster and less exact.
public enum ActivationGroups: String, Sendable, CaseIterable {
    /// As large as the matrices' own groups, at most 128, where a matrix has 4 bits; else the runtime's choice.
    case auto
    case of32 = "32"
    case of64 = "64"
    case of128 = "128"
    /// Activations stay floats.
    case off

    /// Beyond this the runtime quantises nothing at all.
    static let largest = 128

    /// What `auto` comes to: a group that is larger than the weights' own would not be used.
    package static func automatic(weightGroup: Int) -> Int { min(weightGroup, largest) }
}

/// How a model's graphs are compiled.
public struct CompilationOptions: Sendable, Hashable {
    public var precision = Precision.auto
    public var cachePrecision = CachePrecision.auto
    public var activationGroups = ActivationGroups.auto
    /// All cores unless given.
    public var threads: Int?
    /// The runtime's name of what computes the language model.
    public var device = CompilationOptions.processor
    /// What computes the vision tower and the projector; the same unless given.
    public var visionDevice: String?

    /// The only device that this engine was tried on.
    public static let processor = "CPU"

    public init() {}

    package init(precision: Precision, threads: Int? = nil) {
        self.precision = precision
        self.threads = threads
    }
}
