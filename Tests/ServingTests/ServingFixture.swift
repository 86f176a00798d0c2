import Foundation
import HTTPTypes
import HiREDInference
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import OrderedJSON
import Testing

@testable import Serving

/// The demo model behind the server's routes, loaded once for all tests.
enum ServingFixture {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let demo = repository.appending(path: "Models/demo")
    static let logger: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()
    static let question = "What does the image say?"

    private static let loading = Task {
        // In float32, so that answers do not depend on what else is computed with them.
        var options = VisionLanguageModel.Options()
        options.precision = .f32
        let served = ServedModel()
        try await served.serve(try VisionLanguageModel(contentsOf: demo, options: options))
        return served
    }

    static func served() async throws -> ServedModel { try await loading.value }

    static func model() async throws -> VisionLanguageModel { try #require(try await served().model) }

    static func picture(_ name: String = "04-sign") throws -> Data {
        try Data(contentsOf: demo.appending(path: "samples/\(name).png"))
    }

    static func dataURL(_ name: String = "04-sign") throws -> String {
        "data:image/png;base64," + (try picture(name)).base64EncodedString()
    }

    static func options(_ change: (inout ServerOptions) -> Void = { _ in }) -> ServerOptions {
        var options = ServerOptions(modelName: "demo")
        options.selection.budget = .full
        options.answerTokens = 32
        change(&options)
        return options
    }

    /// Runs a test against the routes: in process, or behind a port.
    static func serve(
        _ setup: TestingSetup = .router, _ change: (inout ServerOptions) -> Void = { _ in },
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        let routes = Routes(try await served(), options: options(change), logger: logger)
        try await routes.application().test(setup) { try await body($0) }
    }

    /// A user's message with a picture and a text.
    static func message(_ text: String = question, picture: String? = "04-sign") throws -> JSONValue {
        var parts: [JSONValue] = []
        if let picture {
            parts.append(["type": "image_url", "image_url": ["url": .string(try dataURL(picture))]])
        }
        parts.append(["type": "text", "text": .string(text)])
        return ["role": "user", "content": .array(parts)]
    }

    /// A body for chat completions.
    static func chat(_ changes: JSONObject = [:], messages: [JSONValue]? = nil) throws -> JSONValue {
        var object: JSONObject = ["model": "demo", "messages": .array(try messages ?? [message()])]
        for (key, value) in changes { object[key] = value }
        return .object(object)
    }

    /// The answer that the model gives in process.
    static func expected(
        _ text: String = question, pictures: [String] = ["04-sign"], budget: TokenBudget = .full, tokens: Int = 32
    ) async throws -> GenerationResult {
        let model = try await model()
        var selection = SelectionOptions()
        selection.budget = budget
        let request = GenerationRequest(
            GenerationRequest.question(text, imageCount: pictures.count),
            images: try pictures.map { .data(try picture($0), name: $0) }, selection: selection,
            sampling: model.defaultSampling, maximumTokens: tokens)
        for try await case .finished(let result) in model.generate(request) { return result }
        throw CancellationError()
    }

    /// Fails where requests still hold anything after a while.
    static func expectNothingHeld(_ location: SourceLocation = #_sourceLocation) async throws {
        let model = try await model()
        for _ in 0..<600 {
            let now = model.statistics()
            if now.usedBlocks == 0, now.running == 0, now.waiting == 0, now.promisedTokens == 0 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("requests still hold blocks: \(model.statistics())", sourceLocation: location)
    }
}

/// An answer's parts.
struct Outcome {
    let status: Int
    let headers: HTTPFields
    let text: String

    init(_ response: TestResponse) {
        status = response.status.code
        headers = response.headers
        text = String(buffer: response.body)
    }

    func json() throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    /// A value by its path: `outcome["choices", 0, "message"]`.
    subscript(_ path: any Step...) -> JSONValue? { (try? json()).flatMap { $0.at(path) } }

    var error: (message: String, type: String, param: JSONValue?, code: JSONValue?) {
        (
            self["error", "message"]?.text ?? "", self["error", "type"]?.text ?? "", self["error", "param"],
            self["error", "code"]
        )
    }

    /// Events of a stream: their names and data, in order; comments apart.
    var events: [(name: String?, data: String)] {
        text.components(separatedBy: "\n\n").compactMap { block in
            var (name, data): (String?, String?) = (nil, nil)
            for line in block.split(separator: "\n") {
                if line.hasPrefix("event: ") { name = String(line.dropFirst(7)) }
                if line.hasPrefix("data: ") { data = String(line.dropFirst(6)) }
            }
            return data.map { (name, $0) }
        }
    }

    /// OpenAI's chunks.
    func chunks() throws -> [JSONValue] {
        try events.filter { $0.name == nil && $0.data != "[DONE]" }.map { try JSONValue(parsing: Array($0.data.utf8)) }
    }
}

/// A key or a place.
protocol Step {}
extension String: Step {}
extension Int: Step {}

extension JSONValue {
    func at(_ path: [any Step]) -> JSONValue? {
        path.reduce(Optional(self)) { value, step in
            switch (value, step) {
            case (.object(let object)?, let key as String): object[key]
            case (.array(let values)?, let place as Int): values.indices.contains(place) ? values[place] : nil
            default: nil
            }
        }
    }

    subscript(_ path: any Step...) -> JSONValue? { at(path) }

    var text: String? { if case .string(let text) = self { text } else { nil } }
    var integer: Int? { if case .integer(let number) = self { number } else { nil } }
    var list: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
}

extension TestClientProtocol {
    /// Asks for chat completions.
    func post(_ body: JSONValue, headers: HTTPFields = [:]) async throws -> Outcome {
        try await post("/v1/chat/completions", body, headers: headers)
    }

    func post(_ path: String, _ body: JSONValue, headers: HTTPFields = [:]) async throws
        -> Outcome
    {
        try await post(path, bytes: JSONAnswer.bytes(body), type: "application/json", headers: headers)
    }

    func post(
        _ path: String = "/v1/chat/completions", bytes: [UInt8], type: String, headers: HTTPFields = [:]
    ) async throws -> Outcome {
        var headers = headers
        headers[.contentType] = type
        return try await execute(uri: path, method: .post, headers: headers, body: ByteBuffer(bytes: bytes)) {
            Outcome($0)
        }
    }

    func get(_ path: String, method: HTTPRequest.Method = .get, headers: HTTPFields = [:]) async throws -> Outcome {
        try await execute(uri: path, method: method, headers: headers) { Outcome($0) }
    }
}
