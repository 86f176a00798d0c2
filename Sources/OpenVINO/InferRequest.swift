internal import COpenVINO

/// One place where a compiled model runs. Not Sendable: one owner sets, runs and reads.
public final class InferRequest {
    private let pointer: OpaquePointer
    private let weights: Tensor?
    /// Tensors set as inputs, retained while the request may read them.
    private var bound: [String: Tensor] = [:]

    init(adopting pointer: OpaquePointer, weights: Tensor?) {
        self.pointer = pointer
        self.weights = weights
    }

    deinit { ovs_request_free(pointer) }

    public func set(_ port: String, _ tensor: Tensor) throws(OpenVINOError) {
        try check(
            "set the input \(port) to a tensor of shape \(tensor.shape)", ovs_request_set(pointer, port, tensor.pointer)
        )
        bound[port] = tensor
    }

    /// The tensor at a port. An output's contents hold until the next run.
    public func tensor(_ port: String) throws(OpenVINOError) -> Tensor {
        var result: OpaquePointer?
        try check("read \(port)", ovs_request_get(pointer, port, &result))
        return Tensor(adopting: try handle("read \(port)", result))
    }

    /// Runs the model and waits for it.
    public func infer() throws(OpenVINOError) {
        try check("run the model", ovs_request_infer(pointer))
    }

    /// Clears the variables of a stateful model.
    public func resetState() throws(OpenVINOError) {
        try check("reset the model's state", ovs_request_reset_state(pointer))
    }

    /// A way to stop a run from another thread; the run then fails with an error.
    public func makeCanceller() -> Canceller { Canceller(self) }

    /// `@unchecked Sendable`: it calls nothing but `ov::InferRequest::cancel`, which is made to be called while
    /// another thread runs the request, and it retains the request.
    public final class Canceller: @unchecked Sendable {
        private let request: InferRequest

        init(_ request: InferRequest) { self.request = request }

        public func cancel() {
            // A request that is not running has nothing to cancel: the message would help nobody.
            if let status = ovs_request_cancel(request.pointer) { ovs_status_free(status) }
        }
    }
}
