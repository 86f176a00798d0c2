internal import COpenVINO

/// A model graph that can still be changed. Not Sendable: transformations change it in place.
public final class Model {
    let pointer: OpaquePointer
    /// The memory its constants point into.
    let weights: Tensor?

    init(adopting pointer: OpaquePointer, weights: Tensor?) {
        self.pointer = pointer
        self.weights = weights
    }

    deinit { ovs_model_free(pointer) }

    public func inputs() throws(OpenVINOError) -> [Port] {
        try Port.all(
            count: { ovs_model_port_count(pointer, true, $0) }, describe: { ovs_model_port(pointer, true, $0, $1) })
    }

    public func outputs() throws(OpenVINOError) -> [Port] {
        try Port.all(
            count: { ovs_model_port_count(pointer, false, $0) }, describe: { ovs_model_port(pointer, false, $0, $1) })
    }

    /// Number of nodes of an operation type, as in "ReadValue", of any opset.
    public func operationCount(_ type: String) throws(OpenVINOError) -> Int {
        var count = 0
        try check("count \(type) nodes", ovs_model_op_count(pointer, type, &count))
        return count
    }

    /// The fewest columns of a 4-bit matrix that share a scale; nil where there is no such matrix.
    public func smallestWeightGroup() throws(OpenVINOError) -> Int? {
        var columns = 0
        try check("read the matrices", ovs_model_smallest_group(pointer, &columns))
        return columns > 0 ? columns : nil
    }

    /// Writes `path` (`.xml`) and the `.bin` beside it.
    public func save(path: String) throws(OpenVINOError) {
        try check("save \(path)", ovs_model_save(pointer, path))
    }

    /// Turns a stateful decoder into a paged one, and limits its output head to sampled rows.
    ///
    /// Afterwards the inputs are those of `SDPAToPagedAttention` (activations are `[T, 1, D]`, caches
    /// `key_cache.N` and `value_cache.N`) and `sampled_tokens_indices` `[S]`; `logits` has S rows.
    ///
    /// - Parameter layers: decoder layers of the model. The pass reports success even when a layer did not match, so
    ///   the count is asserted afterwards.
    /// - Throws: `OpenVINOError` when the pass fails or a layer was left as it was.
    public func convertToPagedAttention(layers: Int) throws(OpenVINOError) {
        let operation = "convert the decoder to paged attention"
        try check(operation, ovs_model_convert_to_paged_attention(pointer))
        let names = Set(try inputs().map(\.name))
        let missing = (0..<layers).filter {
            !names.contains(PortName.keyCache($0)) || !names.contains(PortName.valueCache($0))
        }
        let extra = names.contains(PortName.keyCache(layers))
        let left = try operationCount("ReadValue")
        guard missing.isEmpty, !extra, left == 0 else {
            throw OpenVINOError(
                operation: operation,
                message: "\(layers - missing.count) of \(layers) layers were converted, \(left) states are left; "
                    + "the graph does not follow the pattern the conversion knows")
        }
        try check(
            "gather sampled rows before the output head",
            ovs_model_gather_before_head(pointer, PortName.logits, PortName.sampledTokensIndices))
    }
}
