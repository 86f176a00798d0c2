internal import COpenVINO
public import ElementTypes

/// An input or output of a model.
public struct Port: Sendable, Equatable {
    public let name: String
    /// Nil for a type of the runtime that this binding has no name for.
    public let elementType: ElementType?
    /// nil stands for a dynamic dimension; the whole is nil when even the rank is dynamic.
    public let shape: [Int?]?

    init(_ port: ovs_port) {
        name = takeString(port.name)
        elementType = ElementType(code: port.element_type)
        guard port.rank >= 0 else {
            shape = nil
            return
        }
        let dimensions = port.dimensions
        let all = [
            dimensions.0, dimensions.1, dimensions.2, dimensions.3, dimensions.4, dimensions.5, dimensions.6,
            dimensions.7,
        ]
        shape = all.prefix(Int(port.rank)).map { $0 < 0 ? nil : Int($0) }
    }

    /// All ports of one side, through the shim's counting and describing calls.
    static func all(
        count: (UnsafeMutablePointer<Int>) -> ovs_status?,
        describe: (Int, UnsafeMutablePointer<ovs_port>) -> ovs_status?
    ) throws(OpenVINOError) -> [Port] {
        var total = 0
        try check("list ports", count(&total))
        var ports: [Port] = []
        for index in 0..<total {
            var port = ovs_port()
            try check("describe port \(index)", describe(index, &port))
            ports.append(Port(port))
        }
        return ports
    }
}
