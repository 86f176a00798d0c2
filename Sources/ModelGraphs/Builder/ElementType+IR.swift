import ElementTypes

extension ElementType {
    /// The name that a port's `precision` attribute takes in the IR.
    var portPrecision: String {
        switch self {
        case .boolean: "BOOL"
        case .f64: "FP64"
        case .f32: "FP32"
        case .f16: "FP16"
        default: rawValue.uppercased()
        }
    }
}
