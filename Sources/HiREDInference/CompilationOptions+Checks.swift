import Failures
import ModelGraphs

extension GraphCompiler {
    /// Refuses options that contradict each other, and devices that are not there.
    ///
    /// - Throws: `InferenceError.invalidOption`.
    func checkOptions() throws {
        if options.precision == .f32, [.of32, .of64, .of128].contains(options.activationGroups) {
            throw InferenceError.invalidOption(
                .activationGroups, "\(options.activationGroups.rawValue) in float32",
                remedy: "float32 is exact and quantises nothing; give auto or off")
        }
        let available = try availableDevices()
        for (parameter, name) in [(.device, options.device), (.visionDevice, options.visionDevice ?? options.device)]
            as [(Parameter, String)]
        where !available.contains(where: { $0 == name || $0.hasPrefix(name + ".") }) {
            throw InferenceError.invalidOption(
                parameter, "'\(name)'",
                remedy: "the runtime finds no such device on this machine; it has \(available.joined(separator: ", "))")
        }
    }
}
