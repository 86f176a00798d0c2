import Foundation
import HiRED
package import Reporting

/// A model behind an OpenAI-compatible server of this project's. It tells which tokens it kept; where it does not, as
/// another program's server, every configuration but `full` is refused, since it would change nothing there.
package struct ServedModel: Answering {
    /// As a server knows it.
    package let name: String
    private let exchange: HTTPExchange
    private let headers: [String: String]

    /// - Parameters:
    ///   - address: as in `http://127.0.0.1:8000`.
    ///   - name: nil for the first that the server has.
    ///   - key: what is sent as a bearer token.
    /// - Throws: `EvaluationError.server`.
    package init(_ address: String, name: String?, key: String?) async throws {
        exchange = try HTTPExchange(address)
        headers = key.map { ["Authorization": "Bearer \($0)"] } ?? [:]
        if let name {
            self.name = name
            return
        }
        struct List: Decodable {
            struct Model: Decodable { var id: String }
            var data: [Model]
        }
        let response = try await exchange.send("GET", "/v1/models", headers: headers)
        guard response.status == 200, let list = try? JSONDecoder().decode(List.self, from: response.body),
            let first = list.data.first
        else {
            throw EvaluationError.server(
                "says \(response.status) when asked for its models",
                remedy: "give the model's name, and a key if it needs one")
        }
        self.name = first.id
    }

    private struct Request: Encodable {
        struct Message: Encodable {
            var role = "user"
            var content: [Part]
        }
        struct Part: Encodable {
            var type: String
            var text: String?
            var imageUrl: Address?
        }
        struct Address: Encodable { var url: String }
        struct Tokens: Encodable {
            var budget: String?
            var strategy: String
            var allocation: String?
            var alpha: Double?
            var seed: UInt64?
            var keepSeparators: Bool?
            var positions: String?
        }
        var model: String
        var messages: [Message]
        var maxTokens: Int
        var temperature = 0
        var visualTokens: Tokens
    }

    private struct Reply: Decodable {
        struct Choice: Decodable {
            struct Message: Decodable { var content: String }
            var message: Message
        }
        struct Usage: Decodable {
            struct Tokens: Decodable {
                var full: Int
                var kept: Int
            }
            var imageTokens: Tokens?
        }
        var choices: [Choice]
        var usage: Usage?
        /// Milliseconds.
        var timings: [String: Double]?
    }

    private struct Problem: Decodable {
        struct Details: Decodable { var message: String }
        var error: Details
    }

    package func answer(_ question: EvaluationQuestion) async throws -> EvaluatedAnswer {
        let body = try ReportCoding.encode(try request(question))
        let start = ContinuousClock.now
        for attempt in 0... {
            let response = try await exchange.send("POST", "/v1/chat/completions", body: body, headers: headers)
            if response.status == 429 || response.status == 503, attempt < 60 {
                let seconds = response.headers["retry-after"].flatMap(Double.init) ?? 1
                try await Task.sleep(for: .seconds(min(max(seconds, 0.1), 120)))
                continue
            }
            let total = (ContinuousClock.now - start) / .milliseconds(1)
            return try read(response, question, total: total)
        }
        throw CancellationError()
    }

    private func read(_ response: HTTPExchange.Response, _ question: EvaluationQuestion, total: Double) throws
        -> EvaluatedAnswer
    {
        guard response.status == 200 else {
            let problem = try? JSONDecoder().decode(Problem.self, from: response.body)
            throw EvaluationError.server(
                "says \(response.status) to \(question.picture.lastPathComponent): \(problem?.error.message ?? "no reason given")",
                remedy: "mend that, and run again: what is answered is kept")
        }
        guard let reply = try? ReportCoding.decode(Reply.self, from: response.body), let choice = reply.choices.first
        else {
            throw EvaluationError.server(
                "gives an answer without a message", remedy: "give the address of a server of chat completions")
        }
        let tokens = reply.usage?.imageTokens
        guard let tokens else {
            throw EvaluationError.server(
                "does not tell its image tokens: it is not one of this program", remedy: "start one with hired serve")
        }
        let ttft = reply.timings?["ttft_ms"] ?? reply.timings?["ttft"] ?? total
        return EvaluatedAnswer(
            text: choice.message.content, fullTokens: tokens.full, keptTokens: tokens.kept, ttft: ttft, total: total)
    }

    private func request(_ question: EvaluationQuestion) throws -> Request {
        let options = question.options
        let defaults = SelectionOptions()
        guard options.scoringLayer == defaults.scoringLayer, options.rankingLayer == defaults.rankingLayer,
            options.head == nil
        else {
            throw EvaluationError.server(
                "takes no layers and heads", remedy: "run ablations of layers and heads on a model's folder")
        }
        let picture: Data
        do { picture = try Data(contentsOf: question.picture) } catch {
            throw EvaluationError.missingData(path: question.picture.path)
        }
        let kind = picture.starts(with: [0x89]) ? "png" : picture.starts(with: [0xFF]) ? "jpeg" : "webp"
        let tokens = Request.Tokens(
            budget: options.strategy.takesBudget ? "\(options.budget)" : nil, strategy: options.strategy.rawValue,
            allocation: options.allocation?.rawValue, alpha: options.alpha == defaults.alpha ? nil : options.alpha,
            seed: options.seed == 0 ? nil : options.seed, keepSeparators: options.keepsSeparators ? true : nil,
            positions: options.positions == defaults.positions ? nil : options.positions.rawValue)
        let parts = [
            Request.Part(
                type: "image_url",
                imageUrl: Request.Address(url: "data:image/\(kind);base64,\(picture.base64EncodedString())")),
            Request.Part(type: "text", text: question.prompt),
        ]
        return Request(
            model: name, messages: [Request.Message(content: parts)], maxTokens: question.maximumTokens,
            visualTokens: tokens)
    }

    package func keptTokens(_ question: EvaluationQuestion) async throws -> [KeptTokenView] { [] }
}
