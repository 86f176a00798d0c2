import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// A file of the page, built into the program.
struct PageFile: Sendable {
    let type: String
    let bytes: ByteBuffer
    let tag: String

    init(_ type: String, _ bytes: [UInt8]) {
        self.type = type
        self.bytes = ByteBuffer(bytes: bytes)
        tag = "\"" + SHA256.hash(data: Data(bytes)).prefix(12).map { String(format: "%02x", $0) }.joined() + "\""
    }

    /// Nothing is fetched from elsewhere, and nothing but the page's own script runs.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    func response(_ request: Request) -> Response {
        var headers: HTTPFields = [
            .contentType: type, .eTag: tag, .cacheControl: "no-cache", .contentSecurityPolicy: Self.policy,
            .xContentTypeOptions: "nosniff", .named("Referrer-Policy"): "no-referrer",
        ]
        let known = request.headers[.ifNoneMatch]?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        if let known, known.contains(tag) || known.contains("W/" + tag) {
            headers[.contentType] = nil
            return Response(status: .notModified, headers: headers)
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: bytes))
    }
}
