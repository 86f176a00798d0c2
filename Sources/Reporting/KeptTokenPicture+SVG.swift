import Foundation
import HiREDInference

/// One view, or a canvas of tiles, as a page draws it: the picture, and which of its tokens are kept.
package struct KeptTokenView: Codable, Sendable, Equatable {
    /// A `data:` URL.
    package var image: String
    /// Tiles across and down; 1 each for the full view.
    package var columns: Int
    package var rows: Int
    /// Tokens along one side of a tile.
    package var side: Int
    /// What each tile is called.
    package var names: [String]
    /// For each tile a letter for each token, row by row: `1` kept, `0` dropped.
    package var kept: [String]
}

extension KeptTokenPicture {
    /// The full view and, where there are tiles, their canvas.
    ///
    /// - Throws: `ImageError`.
    package func views() throws -> [KeptTokenView] {
        let (layout, letters) = (tokens.layout, tokens.keptLetters)
        var views = [
            KeptTokenView(
                image: try Self.dataURL(partitions.fullView), columns: 1, rows: 1, side: layout.side,
                names: ["full view"], kept: [letters[0]])
        ]
        if layout.tileCount > 0 {
            views.append(
                KeptTokenView(
                    image: try Self.dataURL(partitions.canvas()), columns: layout.tileColumns, rows: layout.tileRows,
                    side: layout.side, names: (1...layout.tileCount).map { "tile \($0)" },
                    kept: Array(letters.dropFirst())))
        }
        return views
    }

    private static func dataURL(_ image: RGBImage) throws -> String {
        "data:image/png;base64,\(try image.pngData().base64EncodedString())"
    }

    /// The same picture as `render`, as a drawing: veils over dropped tokens, the budget written into each tile.
    ///
    /// - Throws: `ImageError`.
    package func svg() throws -> String {
        var (body, left, height) = ("", 0, 0)
        for view in try views() {
            let (width, tall) = (view.columns * view.side, view.rows * view.side)
            var veil = ""
            for (tile, letters) in view.kept.enumerated() {
                let (x, y) = (tile % view.columns * view.side, tile / view.columns * view.side)
                for (index, letter) in letters.utf8.enumerated() where letter == UInt8(ascii: "0") {
                    veil += "M\(x + index % view.side) \(y + index / view.side)h1v1h-1z"
                }
            }
            var marks = ""
            for (tile, name) in view.names.enumerated() {
                let (x, y) = (tile % view.columns * view.side, tile / view.columns * view.side)
                marks += """
                    <rect x="\(x)" y="\(y)" width="\(view.side)" height="\(view.side)" fill="none" stroke="#fff" \
                    stroke-width=".08"/><text x="\(x).25" y="\(y).85" font-size=".75" fill="#fff" stroke="#000" \
                    stroke-width=".2" paint-order="stroke" font-family="sans-serif">\(name) · \(view.kept[tile].utf8.count { $0 == UInt8(ascii: "1") })</text>
                    """
            }
            body += """
                <g transform="translate(\(left) 0)"><image href="\(view.image)" width="\(width)" height="\(tall)"/>\
                <path d="\(veil)" fill="#0b0f18" fill-opacity=".78"/>\(marks)</g>
                """
            (left, height) = (left + width + 1, max(height, tall))
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(max(left - 1, 1)) \(max(height, 1))">\(body)</svg>

            """
    }
}
