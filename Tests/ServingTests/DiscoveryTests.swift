import Foundation
import HTTPTypes
import HiREDInference
import HummingbirdTesting
import NIOCore
import OrderedJSON
import Testing

@testable import Serving

/// What a server tells of itself.
@Suite struct DiscoveryTests {
    @Test func listsItsModel() async throws {
        try await ServingFixture.serve { client in
            let list = try await client.get("/v1/models")
            #expect(list.status == 200)
            #expect(list["object"] == "list")
            #expect(list["data"]?.list?.count == 1)
            let entry = try #require(list["data", 0])
            #expect(entry["id"] == "demo")
            #expect(entry["object"] == "model")
            #expect(entry["created"]?.integer ?? 0 > 1_700_000_000)
            #expect(entry["owned_by"]?.text != nil)
            #expect(entry["hired", "strategies"]?.list?.contains("hired") == true)
            #expect(entry["hired", "context_length"]?.integer ?? 0 > 0)
            #expect(try await client.get("/v1/models/demo").json() == entry)
            #expect(try await client.get("/v1/models/demo@20%25").json() == entry)
            #expect(try await client.get("/v1/models/other").status == 404)
        }
    }

    @Test func isLiveBeforeItIsReady() async throws {
        let served = ServedModel()
        let routes = Routes(served, options: ServingFixture.options(), logger: ServingFixture.logger)
        try await routes.application().test(.router) { client in
            #expect(try await client.get("/health/live").status == 200)
            let ready = try await client.get("/health/ready")
            #expect(ready.status == 503)
            #expect(ready["status"] == "warming")
            let early = try await client.post(try ServingFixture.chat())
            #expect(early.status == 503)
            #expect(early.headers[.retryAfter] != nil)
            #expect(early.error.code == "loading")
            #expect(try await client.get("/v1/models").status == 200)
            #expect(try await client.get("/metrics").text.contains("hired_ready 0\n"))
        }
        try await ServingFixture.serve { client in
            let ready = try await client.get("/health/ready")
            #expect(ready.status == 200)
            #expect(ready["status"] == "ready")
        }
    }

    @Test func writesMetricsThatAddUp() async throws {
        try await ServingFixture.serve { client in
            _ = try await client.post(try ServingFixture.chat())
            _ = try await client.get("/v1/none")
            let outcome = try await client.get("/metrics")
            #expect(outcome.headers[.contentType]?.hasPrefix("text/plain; version=0.0.4") == true)
            let families = try Families(outcome.text)
            #expect(
                families.value("hired_http_requests_total", ["route": "/v1/chat/completions", "status": "200"]) == 1)
            #expect(families.value("hired_http_requests_total", ["route": "other", "status": "404"]) == 1)
            #expect(families.value("hired_generated_tokens_total", [:]) ?? 0 > 0)
            #expect(families.kinds["hired_time_to_first_token_seconds"] == "histogram")
            for (name, kind) in families.kinds where kind == "histogram" {
                for labels in families.labels(of: name + "_count") {
                    let buckets = families.buckets(name, labels)
                    #expect(buckets == buckets.sorted(), "\(name)")
                    #expect(buckets.last == families.value(name + "_count", labels), "\(name)")
                    #expect(families.value(name + "_sum", labels) != nil)
                }
            }
        }
    }

    /// Every file of the folder is built into the program, under its own name and type.
    @Test func servesThePagesFiles() async throws {
        let folder = ServingFixture.repository.appending(path: "Sources/Serving/Page")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") }
        let types = ["js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "png": "image/png"]
        try await ServingFixture.serve { client in
            for name in names where name != "index.html" && name != "README.md" {
                let bytes = try Data(contentsOf: folder.appending(path: name))
                let file = try await client.execute(uri: "/page/" + name, method: .get)
                #expect(file.status == .ok, "\(name)")
                #expect(Data(file.body.readableBytesView) == bytes, "\(name)")
                let type = types[URL(fileURLWithPath: name).pathExtension] ?? "unknown"
                #expect(file.headers[.contentType]?.hasPrefix(type) == true, "\(name)")
            }
            let outside = try await client.get("/page/../Server.swift")
            #expect(outside.status == 404)
        }
    }

    @Test func servesThePageWithAStrictPolicy() async throws {
        try await ServingFixture.serve { client in
            let page = try await client.get("/")
            #expect(page.status == 200)
            #expect(page.headers[.contentType]?.hasPrefix("text/html") == true)
            let policy = try #require(page.headers[.contentSecurityPolicy])
            #expect(policy.contains("default-src 'none'"))
            #expect(!policy.contains("unsafe"))
            #expect(page.headers[.xContentTypeOptions] == "nosniff")
            let tag = try #require(page.headers[.eTag])
            let again = try await client.get("/", headers: [.ifNoneMatch: tag])
            #expect(again.status == 304)
            #expect(again.text.isEmpty)
        }
    }

    @Test func describesEveryRouteAndNoOther() async throws {
        try await ServingFixture.serve { client in
            let document = try await client.get("/openapi.json")
            #expect(document["openapi"]?.text?.hasPrefix("3.") == true)
            guard case .object(let paths)? = document["paths"] else {
                Issue.record("no paths")
                return
            }
            let strategies = document["components", "schemas", "VisualTokens", "properties", "strategy", "enum"]?.list
            #expect(strategies?.compactMap(\.text) == StrategyName.allCases.map(\.rawValue))
            let allocations = document["components", "schemas", "VisualTokens", "properties", "allocation", "enum"]?
                .list
            #expect(allocations?.compactMap(\.text) == Allocation.allCases.map(\.rawValue))
            #expect(
                Set(paths.keys) == [
                    "/v1/chat/completions", "/v1/visual_tokens", "/v1/models", "/v1/models/{model}", "/health",
                    "/health/live", "/health/ready", "/metrics", "/openapi.json",
                ])
        }
    }

    @Test(arguments: [
        ("llava", "llava"), ("demo1", "demo-1"), ("demo-o1", "demo-o-1"), ("hello1", "hello-1"), ("a@b", "a-b"),
        ("gpt-5x", "g-pt-5x"), ("two words", "twowords"),
    ])
    func suggestsNamesThatMisleadNobody(_ folder: String, _ name: String) {
        #expect(ServerOptions.suggestedName(forFolder: folder) == name)
        #expect(ServerOptions.problem(ofName: ServerOptions.suggestedName(forFolder: folder)) == nil)
    }
}

/// Prometheus' text format, read again.
private struct Families {
    var kinds: [String: String] = [:]
    private var samples: [(name: String, labels: [String: String], value: Double)] = []

    init(_ text: String) throws {
        for line in text.split(separator: "\n") {
            if line.hasPrefix("# TYPE ") {
                let words = line.split(separator: " ")
                kinds[String(words[2])] = String(words[3])
                continue
            }
            if line.hasPrefix("#") { continue }
            let space = try #require(line.lastIndex(of: " "))
            let value = try #require(Double(line[line.index(after: space)...]))
            let key = line[..<space]
            let name = String(key.prefix { $0 != "{" })
            var labels: [String: String] = [:]
            for pair in key.dropFirst(name.count).trimmingCharacters(in: ["{", "}"]).split(separator: ",") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                labels[String(parts[0])] = parts[1].trimmingCharacters(in: ["\""])
            }
            samples.append((name, labels, value))
        }
    }

    func value(_ name: String, _ labels: [String: String]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    func labels(of name: String) -> [[String: String]] { samples.filter { $0.name == name }.map(\.labels) }

    /// Values of a histogram's buckets, in the order of the text.
    func buckets(_ name: String, _ labels: [String: String]) -> [Double] {
        samples.filter { sample in
            sample.name == name + "_bucket" && sample.labels.filter { $0.key != "le" } == labels
        }.map(\.value)
    }
}
