internal import OpenVINO

/// An output of a node in a graph under construction.
struct Value {
    let layer: Int
    let port: Int
    let type: ElementType
    /// -1 is a dynamic dimension.
    let shape: [Int]

    var rank: Int { shape.count }
}

/// Builds OpenVINO IR, version 11: operations in order, edges between them, constants as places in one buffer of weights.
///
/// Types and shapes are inferred while building, so that a wrong graph fails here and not in the runtime.
struct GraphBuilder {
    private struct Layer {
        var name: String
        var type: String
        var opset: String
        var attributes: [(String, String)]
        var inputs: [Value]
        var outputs: [(value: Value, name: String?)]
        /// Marks the conversion of compressed weights, which the runtime then keeps compressed.
        var decompresses = false
    }

    private let name: String
    private var layers: [Layer] = []
    /// Takes the bytes of a small constant and tells their offset in the weights.
    private let placeConstant: ([UInt8]) throws -> Int

    init(name: String, placeConstant: @escaping ([UInt8]) throws -> Int) {
        self.name = name
        self.placeConstant = placeConstant
    }

    /// Adds an operation with one output, or none when `shape` is nil.
    ///
    /// - Parameters:
    ///   - layerName: set where a name is part of a contract; otherwise type and number.
    ///   - portName: name of the output tensor.
    @discardableResult
    mutating func add(
        _ type: String, _ opset: String, _ inputs: [Value], _ attributes: [(String, String)] = [],
        type elementType: ElementType = .f32, shape: [Int]?, layerName: String? = nil, portName: String? = nil,
        decompresses: Bool = false
    ) -> Value {
        let index = layers.count
        let value = Value(layer: index, port: inputs.count, type: elementType, shape: shape ?? [])
        layers.append(
            Layer(
                name: layerName ?? "\(type)_\(index)", type: type, opset: opset, attributes: attributes, inputs: inputs,
                outputs: shape == nil ? [] : [(value, portName)], decompresses: decompresses))
        return value
    }

    mutating func parameter(_ name: String, _ type: ElementType, _ shape: [Int]) -> Value {
        let dimensions = shape.map { $0 < 0 ? "?" : "\($0)" }.joined(separator: ",")
        return add(
            "Parameter", "opset1", [], [("shape", dimensions), ("element_type", type.name)], type: type, shape: shape,
            layerName: name, portName: name)
    }

    /// A graph output. The name goes to the tensor, as every OpenVINO tool expects it.
    mutating func result(_ value: Value, _ name: String) {
        layers[value.layer].outputs[0].name = name
        add("Result", "opset1", [value], shape: nil, layerName: "\(name)/result")
    }

    /// A constant that lies in the weights already.
    mutating func constant(_ type: ElementType, _ shape: [Int], offset: Int, byteCount: Int) -> Value {
        add(
            "Const", "opset1", [],
            [
                ("element_type", type.name), ("shape", shape.map(String.init).joined(separator: ", ")),
                ("offset", "\(offset)"), ("size", "\(byteCount)"),
            ], type: type, shape: shape)
    }

    mutating func constant<Element: TensorElement>(_ elements: [Element], shape: [Int]) throws -> Value {
        let bytes = elements.withUnsafeBytes { Array($0) }
        return constant(Element.elementType, shape, offset: try placeConstant(bytes), byteCount: bytes.count)
    }

    mutating func scalar(_ value: Float) throws -> Value { try constant([value], shape: []) }
    mutating func scalar(_ value: Int64) throws -> Value { try constant([value], shape: []) }
    mutating func vector(_ values: [Int64]) throws -> Value { try constant(values, shape: [values.count]) }

    /// The IR's XML.
    func xml() -> String {
        var text = "<?xml version=\"1.0\"?>\n<net name=\"\(name.escaped)\" version=\"11\">\n<layers>\n"
        for (id, layer) in layers.enumerated() {
            text +=
                "<layer id=\"\(id)\" name=\"\(layer.name.escaped)\" type=\"\(layer.type)\" version=\"\(layer.opset)\">"
            if !layer.attributes.isEmpty {
                text += "<data"
                for (key, value) in layer.attributes { text += " \(key)=\"\(value.escaped)\"" }
                text += "/>"
            }
            if layer.decompresses { text += "<rt_info><attribute name=\"decompression\" version=\"0\"/></rt_info>" }
            if !layer.inputs.isEmpty {
                text += "<input>"
                for (port, value) in layer.inputs.enumerated() { text += Self.port(port, value, name: nil) }
                text += "</input>"
            }
            if !layer.outputs.isEmpty {
                text += "<output>"
                for (value, name) in layer.outputs { text += Self.port(value.port, value, name: name) }
                text += "</output>"
            }
            text += "</layer>\n"
        }
        text += "</layers>\n<edges>\n"
        for (id, layer) in layers.enumerated() {
            for (port, value) in layer.inputs.enumerated() {
                text +=
                    "<edge from-layer=\"\(value.layer)\" from-port=\"\(value.port)\" to-layer=\"\(id)\" to-port=\"\(port)\"/>\n"
            }
        }
        return text + "</edges>\n</net>\n"
    }

    private static func port(_ id: Int, _ value: Value, name: String?) -> String {
        let names = name.map { " names=\"\($0.escaped)\"" } ?? ""
        let dimensions = value.shape.map { "<dim>\($0)</dim>" }.joined()
        return "<port id=\"\(id)\" precision=\"\(value.type.precision)\"\(names)>\(dimensions)</port>"
    }
}

extension ElementType {
    /// The spelling of IR ports.
    fileprivate var precision: String {
        switch self {
        case .f32: "FP32"
        case .f16: "FP16"
        case .bf16: "BF16"
        case .f64: "FP64"
        case .boolean: "BOOL"
        default: name.uppercased()
        }
    }
}

extension String {
    fileprivate var escaped: String {
        guard utf8.contains(where: { "&<>\"".utf8.contains($0) }) else { return self }
        var result = ""
        for character in self {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
