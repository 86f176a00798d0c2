internal import COpenVINO
public import Failures

/// What OpenVINO refused, with its own message.
public struct OpenVINOError: Error {
    /// What was attempted, as in "compile the model for CPU".
    public let operation: String
    /// OpenVINO's message, or the binding's own where OpenVINO was silent.
    public let message: String

    public init(operation: String, message: String) {
        self.operation = operation
        self.message = message
    }

}

extension OpenVINOError: Failure {
    /// Whether memory ran out, which is no fault of this program.
    public var isOutOfMemory: Bool { message == OVS_OUT_OF_MEMORY }

    public var kind: FailureKind { isOutOfMemory ? .overloaded : .internal }
    public var subject: FailureSubject? { nil }
    public var problem: String { "OpenVINO could not \(operation): \(message)" }
    public var remedy: Remedy? { isOutOfMemory ? .advice("free some memory") : nil }
}

/// The one funnel through which every call into the runtime passes.
func check(_ operation: @autoclosure () -> String, _ status: ovs_status?) throws(OpenVINOError) {
    guard let status else { return }
    let message = String(cString: status)
    ovs_status_free(status)
    throw OpenVINOError(operation: operation(), message: message.trimmed)
}

/// A string that the shim gave out, taken over.
func takeString(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
    guard let pointer else { return "" }
    defer { ovs_string_free(pointer) }
    return String(cString: pointer)
}

/// A handle the shim must have set when it reported success.
func handle(_ operation: @autoclosure () -> String, _ pointer: OpaquePointer?) throws(OpenVINOError) -> OpaquePointer {
    guard let pointer else { throw OpenVINOError(operation: operation(), message: "no handle was returned") }
    return pointer
}

extension String {
    fileprivate var trimmed: String {
        var view = self[...]
        while let last = view.last, last.isWhitespace { view.removeLast() }
        while let first = view.first, first.isWhitespace { view.removeFirst() }
        return String(view)
    }
}
