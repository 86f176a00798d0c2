import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore

/// Who may ask: keys, and origins of pages.
struct AccessRules: Sendable {
    let access: ServerOptions.Access

    /// Compares in a time that does not depend on where two keys differ.
    static func isEqual(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        var difference = left.count ^ right.count
        for place in left.indices {
            difference |= Int(left[place] ^ (right.isEmpty ? 0 : right[place % right.count]))
        }
        return difference == 0
    }

    /// - Throws: `APIError` 401.
    func checkKey(_ headers: HTTPFields) throws(APIError) {
        guard !access.keys.isEmpty else { return }
        let words = (headers[.authorization] ?? "").split(separator: " ", omittingEmptySubsequences: true)
        if words.count == 2, words[0].lowercased() == "bearer" {
            // All of them, so that the time does not tell which.
            var isKnown = false
            for key in access.keys where Self.isEqual(String(words[1]), key) { isKnown = true }
            if isKnown { return }
        }
        throw APIError(
            .unauthorized, .authentication,
            words.isEmpty
                ? "this server asks for a key; send it as Authorization: Bearer KEY"
                : "the key is not one of this server's",
            code: "invalid_api_key")
    }

    /// The header that lets a page of an origin read an answer; nil where none is needed or allowed.
    func allowedOrigin(_ headers: HTTPFields) -> String? {
        guard let origin = headers[.origin] else { return nil }
        if access.origins.contains("*") { return "*" }
        return access.origins.contains(origin) ? origin : nil
    }

    /// Refuses what pages of other origins send without being able to read the answer: it would be computed all the same.
    ///
    /// - Throws: `APIError` 403.
    func checkOrigin(_ request: Request) throws(APIError) {
        guard request.method == .post, let origin = request.headers[.origin], allowedOrigin(request.headers) == nil
        else { return }
        // The server's own page, whatever stands before it.
        let host = origin.firstRange(of: "://").map { origin[$0.upperBound...] }
        guard let host, let own = request.head.authority, host == own else {
            throw APIError(
                .forbidden, .permission,
                "pages of this origin may not ask here; whoever runs the server can allow it",
                code: "origin_not_allowed")
        }
    }

    /// Headers of every answer to a page of an allowed origin.
    func headers(for request: HTTPFields) -> HTTPFields {
        guard !access.origins.isEmpty else { return [:] }
        var headers: HTTPFields = [.vary: "Origin"]
        guard let origin = allowedOrigin(request) else { return headers }
        headers[.accessControlAllowOrigin] = origin
        headers[.accessControlExposeHeaders] = "x-request-id, retry-after"
        return headers
    }

    /// The answer to a browser that asks before it asks.
    func preflight(_ request: Request) -> Response {
        var response = Response(status: .noContent)
        guard allowedOrigin(request.headers) != nil else { return response }
        response.headers[.accessControlAllowMethods] = "GET, POST, OPTIONS"
        response.headers[.accessControlAllowHeaders] =
            request.headers[.accessControlRequestHeaders] ?? "authorization, content-type"
        response.headers[.accessControlMaxAge] = "600"
        return response
    }
}
