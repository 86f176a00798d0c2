internal import COpenVINO

/// The runtime: reads models and compiles them for a device.
///
/// `@unchecked Sendable`: `ov::Core` is thread-safe by its documentation, and the pointer never changes.
public final class Core: @unchecked Sendable {
    private let pointer: OpaquePointer

    public init() throws(OpenVINOError) {
        // Starting sets a variable, which moves the environment; a Swift runtime that is linked in statically looks for
        // the program's arguments beside it, when they are first asked for.
        _ = CommandLine.arguments.count
        var result: OpaquePointer?
        try check("start", ovs_core_create(&result))
        pointer = try handle("start", result)
    }

    deinit { ovs_core_free(pointer) }

    /// The build of the runtime that is linked, as in "2026.4.1-…".
    public static var runtimeVersion: String { String(cString: ovs_runtime_version()) }

    /// Handles of this binding that are alive in the process. For leak tests.
    public static var liveHandleCount: Int { Int(ovs_live_handles()) }

    public func availableDevices() throws(OpenVINOError) -> [String] {
        var names: UnsafeMutablePointer<CChar>?
        try check("list the devices", ovs_core_devices(pointer, &names))
        return takeString(names).split(separator: ",").map(String.init)
    }

    public func property(_ name: String, device: String = "CPU") throws(OpenVINOError) -> String {
        var value: UnsafeMutablePointer<CChar>?
        try check("read the property \(name) of \(device)", ovs_core_property(pointer, device, name, &value))
        return takeString(value)
    }

    /// Reads an IR file (`.xml` beside its `.bin`), or any other format OpenVINO knows.
    public func readModel(path: String) throws(OpenVINOError) -> Model {
        var result: OpaquePointer?
        try check("read \(path)", ovs_core_read_model(pointer, path, &result))
        return Model(adopting: try handle("read \(path)", result), weights: nil)
    }

    /// Reads an IR from memory. Its constants point into `weights` and are not copied.
    ///
    /// - Parameter weights: bytes (u8) that the IR's offsets count in; retained by the model and all made from it.
    public func readModel(xml: String, weights: Tensor?) throws(OpenVINOError) -> Model {
        var result: OpaquePointer?
        var xml = xml
        let status = xml.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                ovs_core_read_model_memory(pointer, $0.baseAddress, $0.count, weights?.pointer, &result)
            }
        }
        try check("read a model from memory", status)
        return Model(adopting: try handle("read a model from memory", result), weights: weights)
    }

    /// Compiles a model. Takes seconds for large ones.
    public func compile(_ model: Model, device: String = "CPU", properties: CompileProperties = CompileProperties())
        throws(OpenVINOError) -> CompiledModel
    {
        let pairs = properties.strings(device: device).sorted { $0.key < $1.key }
        var result: OpaquePointer?
        let status = withCStrings(pairs.map(\.key)) { names in
            withCStrings(pairs.map(\.value)) { values in
                ovs_core_compile(pointer, model.pointer, device, names, values, pairs.count, &result)
            }
        }
        try check("compile a model for \(device)", status)
        return CompiledModel(adopting: try handle("compile a model", result), weights: model.weights)
    }
}

/// Lends an array of C strings.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
) -> Result {
    func lend(_ index: Int, _ pointers: [UnsafePointer<CChar>?]) -> Result {
        guard index < strings.count else { return pointers.withUnsafeBufferPointer { body($0.baseAddress) } }
        return strings[index].withCString { lend(index + 1, pointers + [$0]) }
    }
    return lend(0, [])
}
