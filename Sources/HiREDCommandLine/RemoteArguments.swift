import ArgumentParser
import Checkpoints
import ElementTypes
import Foundation
import HiREDInference
import ModelGraphs
import RemoteLanguage

/// A language model that vLLM serves in place of the folder's own.
struct RemoteArguments: ParsableArguments {
    @Option(
        help: """
            Where vLLM serves the folder's language model with --enable-prompt-embeds, as in http://host:8000/v1; \
            several with commas. Then only the vision half is computed here.
            """)
    var languageModelUrl: String?

    @Option(help: "What the servers call it; the only model they have unless given.")
    var languageModelName: String?

    @Option(
        help: """
            A file with the key that the servers ask for; else the variable HIRED_LANGUAGE_MODEL_API_KEY is read.
            """)
    var languageModelKeyFile: String?

    @Option(
        help: """
            The type that embeddings are sent in: f16, bf16, f32, or auto, the type of the checkpoint's weights. Give \
            the type that vLLM computes with.
            """)
    var languageModelRows = "auto"

    @Option(help: "Seconds until a connection to a server stands. (default: 5)")
    var languageModelConnectTimeout: Double?

    @Option(help: "Seconds from a prompt's last byte to its first token. (default: 120)")
    var languageModelFirstTokenTimeout: Double?

    @Option(help: "Seconds between two signs of life of an answer. (default: 60)")
    var languageModelIdleTimeout: Double?

    @Option(
        help: """
            Seconds in which a prompt without a token is tried again, elsewhere or once a server is back. (default: 60)
            """)
    var languageModelRetry: Double?

    static let keyVariable = "HIRED_LANGUAGE_MODEL_API_KEY"

    /// Reaches the servers and holds what they serve against a folder's configuration.
    ///
    /// - Returns: nil where no address is given.
    /// - Throws: `CommandError`, `RemoteLanguageError`, `CheckpointError`, `GraphError`.
    func connect(for folder: String, concurrency: Int) async throws -> RemoteLanguageServer? {
        let seconds = [
            ("connect-timeout", languageModelConnectTimeout), ("first-token-timeout", languageModelFirstTokenTimeout),
            ("idle-timeout", languageModelIdleTimeout), ("retry", languageModelRetry),
        ]
        guard let languageModelUrl else {
            guard languageModelName == nil, languageModelKeyFile == nil, languageModelRows == "auto",
                seconds.allSatisfy({ $0.1 == nil })
            else {
                throw CommandError(
                    .usage,
                    "options of a language model elsewhere mean nothing without its address; "
                        + "give --language-model-url")
            }
            return nil
        }
        for case (let name, let value?) in seconds where !(value > 0 && value <= 1e6) {
            throw CommandError(
                .usage, "language-model-\(name) cannot be \(value); give seconds above 0, such as 30")
        }
        let url = URL(fileURLWithPath: folder)
        let source = try Folder(url)
        var options = try RemoteLanguageOptions(addresses: languageModelUrl, rows: try rows(source))
        options.model = languageModelName
        options.key = try key()
        options.concurrency = concurrency
        if let value = languageModelConnectTimeout { options.connectSeconds = value }
        if let value = languageModelFirstTokenTimeout { options.firstTokenSeconds = value }
        if let value = languageModelIdleTimeout { options.idleSeconds = value }
        if let value = languageModelRetry { options.retrySeconds = value }
        Progress.show("asking \(options.urls.joined(separator: ", ")) …")
        defer { Progress.clear() }
        return try await RemoteLanguageServer.connect(
            options,
            expecting: ExpectedLanguageModel(
                hiddenSize: source.text.hiddenSize, vocabularySize: source.text.vocabularySize))
    }

    /// What a folder says of its language model; nothing is loaded.
    private struct Folder {
        var text: TextModelConfig
        /// Of the table of tokens.
        var type: String?

        init(_ url: URL) throws {
            if ModelManifest.exists(in: url) {
                text = try ModelDescription(contentsOf: url).config.text
                type = try ModelManifest(folder: url).tensors.first { $0.part == .textEmbeddings }?.sourceType
            } else {
                let folder = try CheckpointFolder.open(url)
                text = folder.config.text
                let table = folder.weights.tensors.values.first { $0.name.hasSuffix("embed_tokens.weight") }
                type = table?.elementType.rawValue
            }
        }
    }

    private func rows(_ folder: Folder) throws -> RowType {
        if languageModelRows == "auto" { return folder.type.flatMap(RowType.init(rawValue:)) ?? .f32 }
        guard let rows = RowType(rawValue: languageModelRows) else {
            throw CommandError(
                .usage, "unknown language-model-rows '\(languageModelRows)'; give auto, f16, bf16 or f32")
        }
        return rows
    }

    private func key() throws -> String? {
        guard let languageModelKeyFile else {
            return ProcessInfo.processInfo.environment[Self.keyVariable].flatMap { $0.isEmpty ? nil : $0 }
        }
        guard let text = try? String(contentsOfFile: languageModelKeyFile, encoding: .utf8) else {
            throw CommandError(.noInput, "\(languageModelKeyFile) cannot be read; give a text file with one key")
        }
        let key = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !key.isEmpty, !key.contains(where: \.isWhitespace) else {
            throw CommandError(.badData, "\(languageModelKeyFile) does not hold one key; give one line")
        }
        return key
    }
}
