import Foundation
import HiREDInference

extension SelectionFigure {
    /// As a drawing, a token being one unit wide.
    ///
    /// - Throws: `ImageError`.
    package func svg() throws -> String {
        let side = layout.side
        let size = size
        let title = Double(size.height) / 12
        var definitions =
            "<image id=\"full\" width=\"\(side)\" height=\"\(side)\" href=\"\(try url(partitions.fullView))\"/>"
        if layout.tileCount > 0 {
            definitions +=
                "<image id=\"tiles\" width=\"\(layout.tileColumns * side)\" height=\"\(layout.tileRows * side)\" "
                + "href=\"\(try url(partitions.canvas()))\"/>"
        }
        var body = ""
        for (number, panel) in panels.enumerated() {
            let top = Double(number) * (Double(size.height) + 1.6 * title)
            body += "<g transform=\"translate(0 \(Self.number(top)))\">"
            body +=
                "<text y=\"\(Self.number(title))\" font-size=\"\(Self.number(title))\">\(Self.escaped(panel.title))</text>"
            body += "<g transform=\"translate(0 \(Self.number(1.3 * title)))\"><use href=\"#full\"/>"
            if layout.tileCount > 0 { body += "<use href=\"#tiles\" x=\"\(side + 1)\"/>" }
            for cell in cells { body += draw(panel, cell) }
            body += "</g></g>"
        }
        let height = Double(panels.count) * (Double(size.height) + 1.6 * title)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size.width) \(Self.number(height))" \
            font-family="sans-serif"><defs>\(definitions)</defs>\(body)</svg>

            """
    }

    private func draw(_ panel: Panel, _ cell: Cell) -> String {
        let side = layout.side
        var text = "<g transform=\"translate(\(cell.x) \(cell.y))\">"
        for (token, share) in panel.heat[cell.partition].enumerated() where share > 0.01 {
            let colour = Self.colour(share)
            text +=
                "<path d=\"M\(token % side) \(token / side)h1v1h-1z\" fill=\"rgb(\(colour.red) \(colour.green) \(colour.blue))\" "
                + "fill-opacity=\"\(Self.number(Double(colour.opacity)))\"/>"
        }
        text += "<path d=\"M0 0h\(side)v\(side)h-\(side)z\" fill=\"none\" stroke=\"#fff\" stroke-width=\".1\"/>"
        if let kept = panel.kept?[cell.partition] {
            let edges = Self.edges(kept, side: side).map { "M\($0.x) \($0.y)\($0.isHorizontal ? "h1" : "v1")" }
            text +=
                "<path d=\"\(edges.joined())\" fill=\"none\" stroke=\"#4cf\" stroke-width=\".18\" stroke-linecap=\"square\"/>"
            let size = Self.number(Double(side) / 9)
            text +=
                "<text x=\".3\" y=\"\(size)\" font-size=\"\(size)\" fill=\"#fff\" stroke=\"#000\" stroke-width=\".25\" "
                + "paint-order=\"stroke\">\(kept.count { $0 })</text>"
        }
        return text + "</g>"
    }

    private func url(_ image: RGBImage) throws -> String {
        "data:image/png;base64,\(try image.pngData().base64EncodedString())"
    }

    private static func number(_ value: Double) -> String { String(format: "%.3g", value) }

    private static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
    }
}
