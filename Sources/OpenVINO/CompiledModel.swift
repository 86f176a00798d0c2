internal import COpenVINO

/// A model compiled for a device.
///
/// `@unchecked Sendable`: `ov::CompiledModel` is immutable and thread-safe by its documentation; the weights tensor
/// is only retained, never touched.
public final class CompiledModel: @unchecked Sendable {
    private let pointer: OpaquePointer
    private let weights: Tensor?

    init(adopting pointer: OpaquePointer, weights: Tensor?) {
        self.pointer = pointer
        self.weights = weights
    }

    deinit { ovs_compiled_free(pointer) }

    public func inputs() throws(OpenVINOError) -> [Port] {
        try Port.all(
            count: { ovs_compiled_port_count(pointer, true, $0) },
            describe: { ovs_compiled_port(pointer, true, $0, $1) })
    }

    public func outputs() throws(OpenVINOError) -> [Port] {
        try Port.all(
            count: { ovs_compiled_port_count(pointer, false, $0) },
            describe: { ovs_compiled_port(pointer, false, $0, $1) })
    }

    public func property(_ name: String) throws(OpenVINOError) -> String {
        var value: UnsafeMutablePointer<CChar>?
        try check("read the property \(name)", ovs_compiled_property(pointer, name, &value))
        return takeString(value)
    }

    /// Number of nodes of a layer type, as in "RoPE" or "PagedAttentionExtension", in the graph that is executed.
    public func executedNodeCount(_ type: String) throws(OpenVINOError) -> Int {
        var count = 0
        try check("read the executed graph", ovs_compiled_executed_count(pointer, type, &count))
        return count
    }

    public func makeRequest() throws(OpenVINOError) -> InferRequest {
        var result: OpaquePointer?
        try check("create a request", ovs_compiled_request(pointer, &result))
        return InferRequest(adopting: try handle("create a request", result), weights: weights)
    }
}
