import AsyncHTTPClient
import Foundation
import HiREDInference
import NIOCore
import OrderedJSON
import Synchronization

/// What a server says of the model that it serves.
struct ServedLanguageModel: Sendable {
    var name: String
    /// Tokens of prompt and answer together; the most there can be where it does not say.
    var context: Int
}

extension CompletionWire {
    /// Asks a server what it serves and holds it against ours: its name and its longest context from its list; the width
    /// of its embeddings by a prompt of one row; the number of its tokens by the last of ours, which it must be able to
    /// draw, and the one behind, which it must not know.
    ///
    /// - Parameter context: what it must be able to read at least.
    /// - Throws: `RemoteLanguageError`, `CancellationError`.
    func probe(
        _ url: String, expecting expected: ExpectedLanguageModel, context: Int?
    ) async throws -> ServedLanguageModel {
        do {
            let served = try await list(url)
            if let context, served.context < context {
                throw RemoteLanguageError.mismatch(
                    url: url, reason: "reads \(served.context) tokens, and \(context) are promised",
                    remedy: .advice("serve it with --max-model-len \(context)"))
            }
            let last = expected.vocabularySize - 1
            do {
                let drawn = try await draw(url, served.name, expected, among: last)
                guard drawn == [Int32(last)] else {
                    throw RemoteLanguageError.mismatch(
                        url: url, reason: "drew \(drawn) where only token \(last) was allowed",
                        remedy: .advice("serve it by vLLM 0.27 or later"))
                }
            } catch RemoteLanguageError.refused(_, let status, let message) where status == 400 || status == 422 {
                throw RemoteLanguageError.mismatch(
                    url: url,
                    reason:
                        "refuses a prompt of one row of \(expected.hiddenSize) values, or token \(last): \(message)",
                    remedy: .advice(
                        "serve the language model of this very checkpoint (hired export-language-model), "
                            + "with --enable-prompt-embeds"))
            }
            do {
                _ = try await draw(url, served.name, expected, among: last + 1)
            } catch RemoteLanguageError.refused(_, let status, _) where status == 400 || status == 422 {
                return served
            }
            throw RemoteLanguageError.mismatch(
                url: url, reason: "knows more tokens than our \(expected.vocabularySize)",
                remedy: .advice("serve the language model of this very checkpoint (hired export-language-model)"))
        } catch let error as RemoteLanguageError { throw error } catch {
            try Task.checkCancellation()
            throw Fault(error, url: url, hasBegun: false).error
        }
    }

    /// The model of the server's list that is meant.
    private func list(_ url: String) async throws -> ServedLanguageModel {
        func violation(_ reason: String) -> RemoteLanguageError { .protocolViolation(url: url, reason: reason) }
        guard case .object(let answer) = try await get(url, path: "/models"),
            case .array(let entries)? = answer["data"]
        else { throw violation("/models holds no list") }
        var models: [(name: String, context: Int, isWhole: Bool)] = []
        for case .object(let entry) in entries {
            guard case .string(let name)? = entry["id"] else { continue }
            var context = Int.max
            if case .integer(let length)? = entry["max_model_len"], length > 0 { context = length }
            // Adapters are listed with the model that they change.
            var isWhole = true
            if case .string? = entry["parent"] { isWhole = false }
            models.append((name, context, isWhole))
        }
        if let name = options.model {
            guard let model = models.first(where: { $0.name == name }) else {
                throw RemoteLanguageError.mismatch(
                    url: url, reason: "serves no model \(name), but \(models.map(\.name).joined(separator: ", "))",
                    remedy: .give(.languageModelName, "one of these names"))
            }
            return ServedLanguageModel(name: name, context: model.context)
        }
        let whole = models.filter(\.isWhole)
        guard let model = whole.first, whole.count == 1 else {
            throw RemoteLanguageError.mismatch(
                url: url, reason: "serves \(whole.count) models: \(whole.map(\.name).joined(separator: ", "))",
                remedy: .give(.languageModelName, "the one that is meant"))
        }
        return ServedLanguageModel(name: model.name, context: model.context)
    }

    /// Has one token drawn behind a row of zeros, among one alone.
    private func draw(
        _ url: String, _ name: String, _ expected: ExpectedLanguageModel, among token: Int
    ) async throws -> [Int32] {
        let prompt = RemotePrompt(
            rows: [Float](repeating: 0, count: expected.hiddenSize), width: expected.hiddenSize, maximumTokens: 1)
        let body = CompletionBody(
            model: name, prompt: prompt, type: options.rows,
            more: ["allowed_token_ids": .array([.integer(token)])])
        let collected = Collected()
        try await complete(
            Exchange(
                url: url, body: ByteBuffer(bytes: try body.data()), alternatives: 0, progress: Exchange.Progress())
        ) { event in
            if case .tokens(_, let tokens, _) = event {
                collected.tokens.withLock { $0 += tokens.map(\.id) }
            }
        }
        return collected.tokens.withLock { $0 }
    }

    private final class Collected: Sendable {
        let tokens = Mutex<[Int32]>([])
    }
}
