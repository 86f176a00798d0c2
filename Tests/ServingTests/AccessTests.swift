import HTTPTypes
import HummingbirdTesting
import OrderedJSON
import Testing

@testable import Serving

/// Who may ask, and from where.
@Suite struct AccessTests {
    private static let origin = "https://example.org"

    @Test func asksForAKeyWhereThereIsOne() async throws {
        try await ServingFixture.serve(.router) {
            $0.access.keys = ["first-key", "second-key"]
        } _: { client in
            for header in [nil, "Bearer wrong", "Bearer first-keyy", "Basic first-key", "first-key", "Bearer"] {
                var headers: HTTPFields = [:]
                headers[.authorization] = header
                let outcome = try await client.get("/v1/models", headers: headers)
                #expect(outcome.status == 401, "\(header ?? "none")")
                #expect(outcome.error.type == "authentication_error")
                #expect(outcome.error.code == "invalid_api_key")
                #expect(outcome.headers[.wwwAuthenticate] == "Bearer")
            }
            for key in ["first-key", "second-key"] {
                #expect(try await client.get("/v1/models", headers: [.authorization: "Bearer \(key)"]).status == 200)
            }
            // Whoever watches the server, and a browser that opens the page, have none.
            for path in ["/health/live", "/metrics", "/", "/openapi.json"] {
                #expect(try await client.get(path).status == 200, "\(path)")
            }
        }
    }

    @Test(arguments: [("", "", true), ("a", "", false), ("", "a", false), ("abc", "abd", false), ("key", "key", true)])
    func comparesKeys(_ left: String, _ right: String, _ isEqual: Bool) {
        #expect(AccessRules.isEqual(left, right) == isEqual)
    }

    /// Browsers ask without a key whether they may ask, and must be able to read errors.
    @Test func answersPagesOfAllowedOrigins() async throws {
        try await ServingFixture.serve(.router) {
            $0.access.keys = ["key"]
            $0.access.origins = [Self.origin]
        } _: { client in
            let preflight = try await client.get(
                "/v1/chat/completions", method: .options,
                headers: [.origin: Self.origin, .accessControlRequestHeaders: "authorization,content-type"])
            #expect(preflight.status == 204)
            #expect(preflight.headers[.accessControlAllowOrigin] == Self.origin)
            #expect(preflight.headers[.accessControlAllowHeaders] == "authorization,content-type")
            #expect(preflight.headers[.accessControlAllowMethods]?.contains("POST") == true)
            let refused = try await client.get("/v1/models", headers: [.origin: Self.origin])
            #expect(refused.status == 401)
            #expect(refused.headers[.accessControlAllowOrigin] == Self.origin)
            #expect(refused.headers[.vary]?.contains("Origin") == true)
            let missing = try await client.get(
                "/v1/none", headers: [.origin: Self.origin, .authorization: "Bearer key"])
            #expect(missing.status == 404)
            #expect(missing.headers[.accessControlAllowOrigin] == Self.origin)
            let other = try await client.get("/v1/models", headers: [.origin: "https://other.example"])
            #expect(other.headers[.accessControlAllowOrigin] == nil)
        }
    }

    @Test func tellsNoOriginAnythingUnlessToldTo() async throws {
        try await ServingFixture.serve { client in
            let outcome = try await client.get("/v1/models", headers: [.origin: Self.origin])
            #expect(outcome.status == 200)
            #expect(outcome.headers[.accessControlAllowOrigin] == nil)
            let preflight = try await client.get(
                "/v1/chat/completions", method: .options, headers: [.origin: Self.origin])
            #expect(preflight.headers[.accessControlAllowOrigin] == nil)
        }
    }

    /// A page can send what it cannot read the answer of; nobody should compute it.
    @Test func refusesToComputeForPagesOfOtherOrigins() async throws {
        try await ServingFixture.serve { client in
            let foreign = try await client.post(
                "/v1/chat/completions", try ServingFixture.chat(), headers: [.origin: Self.origin])
            #expect(foreign.status == 403)
            #expect(foreign.error.code == "origin_not_allowed")
            // The server's own page; in process the server is called localhost.
            let own = try await client.post(
                "/v1/chat/completions", try ServingFixture.chat(["max_tokens": 1]),
                headers: [.origin: "http://localhost"])
            #expect(own.status == 200, "\(own.text)")
        }
    }
}
