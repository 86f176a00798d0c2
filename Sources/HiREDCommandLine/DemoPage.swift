import Foundation
import HiRED
import ImageProcessing
import Inference

/// The demo's page: each picture's full view and tiles, kept tokens lit, dropped ones dimmed, each tile's budget.
struct DemoPage {
    struct Row {
        var name: String
        var tokens: Int
        var milliseconds: Double
        var answer: String
        var isRight: Bool

        init(_ name: String, _ result: GenerationResult, isRight: Bool) {
            self.name = name
            tokens = result.images.reduce(0) { $0 + $1.kept }
            milliseconds = result.timings.timeToFirstToken
            answer = result.answer
            self.isRight = isRight
        }
    }

    private var sections = ""

    mutating func add(question: String, answer: String, rows: [Row], picture: SelectionPicture) throws {
        let layout = picture.tokens.layout
        let flags = picture.kept
        let counts = picture.tokens.perPartition
        let full = try Self.view(
            picture.partitions.fullView, flags: [flags[0]], columns: 1, side: layout.side,
            labels: ["full view · \(counts[0])"])
        let tiles = try Self.view(
            picture.partitions.canvas(), flags: Array(flags.dropFirst()), columns: layout.tileColumns,
            side: layout.side,
            labels: counts.dropFirst().enumerated().map { "tile \($0.offset + 1) · \($0.element)" })
        var table = ""
        for row in rows {
            table += """
                <tr><td>\(row.name)</td><td>\(row.tokens)</td><td>\(String(format: "%.1f", row.milliseconds)) ms</td>\
                <td>\(row.answer.htmlEscaped)</td><td class="\(row.isRight ? "right" : "wrong")">\
                \(row.isRight ? "right" : "wrong")</td></tr>
                """
        }
        sections += """
            <section><h2>\(question.htmlEscaped) <small>right answer: \(answer.htmlEscaped)</small></h2>
            <p class="count">\(picture.tokens.kept) of \(picture.tokens.full) image tokens kept at 20 %</p>
            <div class="views">\(full)\(tiles)</div>
            <table><tr><th>kept</th><th>tokens</th><th>first token</th><th>answer</th><th></th></tr>\(table)</table></section>

            """
    }

    /// A picture with a veil over every dropped token.
    private static func view(_ image: RGBImage, flags: [[Bool]], columns: Int, side: Int, labels: [String]) throws
        -> String
    {
        guard !flags.isEmpty else { return "" }
        let rows = flags.count / columns
        let (width, height) = (columns * side, rows * side)
        var veil = ""
        for (tile, kept) in flags.enumerated() {
            for (index, isKept) in kept.enumerated() where !isKept {
                veil += "M\(tile % columns * side + index % side) \(tile / columns * side + index / side)h1v1h-1z"
            }
        }
        var marks = ""
        for (tile, label) in labels.enumerated() {
            let (x, y) = (tile % columns * side, tile / columns * side)
            marks += """
                <rect x="\(x)" y="\(y)" width="\(side)" height="\(side)" class="edge"/>\
                <text x="\(Double(x) + 0.25)" y="\(Double(y) + 0.85)">\(label)</text>
                """
        }
        let data = try image.pngData().base64EncodedString()
        return """
            <svg viewBox="0 0 \(width) \(height)" style="width:\(columns * 280)px">\
            <image href="data:image/png;base64,\(data)" width="\(width)" height="\(height)"/>\
            <path d="\(veil)" class="veil"/>\(marks)</svg>
            """
    }

    func html(right: [(name: String, count: Int)], of asked: Int) -> String {
        let summary = right.map { "<tr><td>\($0.name)</td><td>\($0.count) of \(asked)</td></tr>" }.joined()
        return """
            <!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>HiRED demo</title>
            <meta name="viewport" content="width=device-width, initial-scale=1"><style>
            body{font:15px/1.5 system-ui,sans-serif;max-width:1180px;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fafbfc}
            h1{margin-bottom:0}h2{font-size:1.1rem;margin-bottom:0}small{color:#68748a;font-weight:normal}
            section{background:#fff;border:1px solid #dfe4ec;border-radius:8px;padding:1rem 1.2rem;margin:1.2rem 0}
            .count{color:#68748a;margin:.2rem 0 .8rem}.views{display:flex;gap:14px;flex-wrap:wrap;align-items:flex-start}
            svg{display:block;max-width:100%;background:#000}.veil{fill:#0b0f18;fill-opacity:.78}
            .edge{fill:none;stroke:#fff;stroke-width:.08}text{font-size:.75px;fill:#fff;paint-order:stroke;stroke:#000;stroke-width:.2px}
            table{border-collapse:collapse;margin-top:.8rem}td,th{padding:.15rem .9rem .15rem 0;text-align:left}
            .right{color:#1d7f46}.wrong{color:#b3261e}</style></head><body>
            <h1>What HiRED keeps</h1>
            <p>Lit squares are visual tokens that reach the language model, dimmed ones are dropped. The number in each
            view is its share of the budget. The model is a small one that learned from drawn pictures, with shortened
            token grids in its training; a published checkpoint has seen full grids only.</p>
            <table><tr><th>kept</th><th>right answers</th></tr>\(summary)</table>
            \(sections)</body></html>

            """
    }
}

extension String {
    var htmlEscaped: String {
        replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;")
    }
}
