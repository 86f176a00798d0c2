import Crypto
import Foundation

/// A page of a report: a static shell, style and script, filled with JSON. Nothing is fetched, and nothing but its own
/// script runs in it.
package struct ReportPage {
    let title: String
    /// The page's own module.
    let script: [UInt8]

    package init(title: String, script: [UInt8]) {
        self.title = title
        self.script = script
    }

    /// Of `hired bench`.
    package static var bench: ReportPage { ReportPage(title: "Speed", script: PackageResources.bench_js) }

    package func html(_ value: some Encodable) throws -> String {
        let style = String(decoding: PackageResources.report_css, as: UTF8.self)
        let code = String(decoding: PackageResources.report_js + script, as: UTF8.self)
        let parts = [
            "{{title}}": title, "{{style}}": style, "{{script}}": code,
            "{{policy}}": "default-src 'none'; img-src data:; style-src 'sha256-\(Self.hash(style))'; "
                + "script-src 'sha256-\(Self.hash(code))'",
            "{{data}}": Self.embeddable(try ReportCoding.encode(value)),
        ]
        var page = String(decoding: PackageResources.report_html, as: UTF8.self)[...]
        // From place to place, so that what is filled in is never searched.
        var result = ""
        while let start = page.range(of: "{{"), let end = page.range(of: "}}") {
            result += page[..<start.lowerBound]
            result += parts[String(page[start.lowerBound..<end.upperBound])] ?? ""
            page = page[end.upperBound...]
        }
        return result + page
    }

    private static func hash(_ text: String) -> String {
        Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString()
    }

    /// JSON that may stand inside a `script` element: nothing in it can end the element.
    static func embeddable(_ json: Data) -> String {
        String(decoding: json, as: UTF8.self).replacingOccurrences(of: "<", with: "\\u003c")
            .replacingOccurrences(of: "\u{2028}", with: "\\u2028").replacingOccurrences(of: "\u{2029}", with: "\\u2029")
    }
}
