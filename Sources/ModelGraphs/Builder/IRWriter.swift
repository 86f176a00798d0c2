import ElementTypes

/// Writes operations as OpenVINO IR. Element and attribute names are those `ov::save_model` of OpenVINO 2026.4.1 writes.
struct IRWriter {
    private(set) var text = ""

    mutating func write(name: String, nodes: [GraphBuilder.Node], constantsOffset: Int) {
        text.reserveCapacity(nodes.count * 600)
        text += "<?xml version=\"1.0\"?>\n<net name=\"\(Self.escape(name))\" version=\"11\">\n<layers>\n"
        for (id, node) in nodes.enumerated() {
            writeLayer(id: id, node: node, constantsOffset: constantsOffset)
        }
        text += "</layers>\n<edges>\n"
        for (id, node) in nodes.enumerated() {
            for (port, input) in node.inputs.enumerated() {
                // Ports count inputs first, so a node's only output follows its inputs.
                let source = nodes[input.node].inputs.count
                text += "<edge from-layer=\"\(input.node)\" from-port=\"\(source)\" to-layer=\"\(id)\" "
                text += "to-port=\"\(port)\"/>\n"
            }
        }
        text += "</edges>\n</net>\n"
    }

    private mutating func writeLayer(id: Int, node: GraphBuilder.Node, constantsOffset: Int) {
        text += "<layer id=\"\(id)\" name=\"\(Self.escape(node.name))\" type=\"\(node.type)\" "
        text += "version=\"\(node.version)\">\n"
        var attributes = node.attributes
        if let storage = node.storage, let output = node.output {
            let (offset, byteCount) =
                switch storage {
                case .weights(let offset, let byteCount): (offset, byteCount)
                case .pool(let offset, let byteCount): (constantsOffset + offset, byteCount)
                }
            attributes += [
                ("element_type", output.type.rawValue),
                ("shape", output.shape.dimensions.map(String.init).joined(separator: ", ")),
                ("offset", String(offset)), ("size", String(byteCount)),
            ]
        }
        if !attributes.isEmpty {
            text += "<data"
            for (name, value) in attributes { text += " \(name)=\"\(Self.escape(value))\"" }
            text += "/>\n"
        }
        if node.isDecompression {
            text += "<rt_info><attribute name=\"decompression\" version=\"0\"/></rt_info>\n"
        }
        if !node.inputs.isEmpty {
            text += "<input>\n"
            for (port, input) in node.inputs.enumerated() {
                writePort(id: port, type: input.elementType, shape: input.shape, tensorName: nil)
            }
            text += "</input>\n"
        }
        if let output = node.output {
            text += "<output>\n"
            writePort(id: node.inputs.count, type: output.type, shape: output.shape, tensorName: node.tensorName)
            text += "</output>\n"
        }
        text += "</layer>\n"
    }

    private mutating func writePort(id: Int, type: ElementType, shape: GraphShape, tensorName: String?) {
        text += "<port id=\"\(id)\" precision=\"\(type.portPrecision)\""
        // The reader splits this list at commas, so a comma in a name has to be escaped for it.
        if let tensorName {
            text += " names=\"\(Self.escape(tensorName.split(separator: ",").joined(separator: "\\,")))\""
        }
        text += ">"
        for dimension in shape.dimensions { text += "<dim>\(dimension)</dim>" }
        text += "</port>\n"
    }

    /// `text` as the value of an XML attribute. What XML 1.0 cannot hold at all becomes the replacement character.
    static func escape(_ text: String) -> String {
        guard
            text.unicodeScalars.contains(where: {
                $0.value < 0x20 || "&<>\"".unicodeScalars.contains($0) || $0.value >= 0xFFFE
            })
        else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\t", "\n", "\r": escaped += "&#\(scalar.value);"
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
