/// Activation functions of the supported models, under the names Transformers gives them.
public enum GraphActivation: String, Sendable, Hashable, CaseIterable {
    /// x · σ(x).
    case silu
    /// x · σ(1.702 x).
    case quickGELU = "quick_gelu"
    /// x · Φ(x), exact.
    case gelu
    /// x · Φ(x) by its hyperbolic-tangent approximation.
    case geluTanh = "gelu_pytorch_tanh"

    /// - Throws: ``GraphError/configuration(key:reason:)`` naming `key` when the function is not supported.
    public init(transformersName name: String, key: String) throws {
        switch name {
        case "swish": self = .silu
        case "gelu_new", "gelu_fast": self = .geluTanh
        default:
            guard let activation = Self(rawValue: name) else {
                throw GraphError.configuration(
                    key: key,
                    reason: "is \"\(name)\"; supported are "
                        + Self.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
            }
            self = activation
        }
    }
}
