internal import COpenVINO

/// An input or output of a model.
public struct Port: Sendable, Equatable {
    public let name: String
    public let elementType: ElementType
    /// nil stands for a dynamic dimension; the whole is nil when even the rank is dynamic.
    public let shape: [Int?]?

    init(_ port: ovs_port) {
        name = takeString(port.name)
        elementType = ElementType(rawValue: port.element_type) ?? .other
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

/// Port names that language models and their paged form share with every OpenVINO tool.
public enum PortName {
    public static let inputsEmbeds = "inputs_embeds"
    public static let attentionMask = "attention_mask"
    public static let positionIDs = "position_ids"
    public static let beamIndex = "beam_idx"
    public static let logits = "logits"
    public static let inputIDs = "input_ids"
    public static let pastLengths = "past_lens"
    public static let subsequenceBegins = "subsequence_begins"
    public static let blockIndices = "block_indices"
    public static let blockIndicesBegins = "block_indices_begins"
    public static let maxContextLength = "max_context_len"
    public static let sampledTokensIndices = "sampled_tokens_indices"
    public static func keyCache(_ layer: Int) -> String { "key_cache.\(layer)" }
    public static func valueCache(_ layer: Int) -> String { "value_cache.\(layer)" }
}
