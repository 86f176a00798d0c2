import Foundation

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// An emitted graph read back with a real XML parser, for tests to look into.
final class ParsedIR: NSObject, XMLParserDelegate {
    struct Layer {
        var id: Int
        var name: String
        var type: String
        var data: [String: String] = [:]
        var inputs: [Int: [Int]] = [:]
        var outputs: [Int: [Int]] = [:]
        var tensorNames: [String] = []
        var isDecompression = false
    }

    struct Edge: Hashable {
        var from: Int
        var fromPort: Int
        var to: Int
        var toPort: Int
    }

    private(set) var layers: [Layer] = []
    private(set) var edges: [Edge] = []
    private(set) var graphName: String?
    private var readsOutputs = false
    private var port = 0
    private var dimension: String?

    /// Nil when the text is not well-formed XML.
    init?(_ xml: String) {
        super.init()
        let parser = XMLParser(data: Data(xml.utf8))
        parser.delegate = self
        guard parser.parse() else { return nil }
    }

    func parser(
        _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String] = [:]
    ) {
        func number(_ key: String) -> Int { attributes[key].flatMap(Int.init) ?? -1 }
        switch element {
        case "net": graphName = attributes["name"]
        case "layer":
            layers.append(
                Layer(id: number("id"), name: attributes["name"] ?? "", type: attributes["type"] ?? ""))
        case "data": layers[layers.count - 1].data = attributes
        case "attribute": layers[layers.count - 1].isDecompression = attributes["name"] == "decompression"
        case "input": readsOutputs = false
        case "output": readsOutputs = true
        case "port":
            port = number("id")
            if readsOutputs {
                layers[layers.count - 1].outputs[port] = []
                if let names = attributes["names"] { layers[layers.count - 1].tensorNames.append(names) }
            } else {
                layers[layers.count - 1].inputs[port] = []
            }
        case "dim": dimension = ""
        case "edge":
            edges.append(
                Edge(
                    from: number("from-layer"), fromPort: number("from-port"), to: number("to-layer"),
                    toPort: number("to-port")))
        default: break
        }
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        dimension? += text
    }

    func parser(_ parser: XMLParser, didEndElement element: String, namespaceURI: String?, qualifiedName: String?) {
        guard element == "dim", let text = dimension, let value = Int(text) else { return }
        dimension = nil
        if readsOutputs {
            layers[layers.count - 1].outputs[port]?.append(value)
        } else {
            layers[layers.count - 1].inputs[port]?.append(value)
        }
    }

    func layers(ofType type: String) -> [Layer] {
        layers.filter { $0.type == type }
    }

    func layer(named name: String) -> Layer? {
        layers.first { $0.name == name }
    }

    /// The layer whose output goes into `port` of `layer`.
    func source(of layer: Layer, port: Int) -> Layer? {
        edges.first { $0.to == layer.id && $0.toPort == port }.map { layers[$0.from] }
    }
}
