import Foundation
import HiREDInference

/// How a language model elsewhere is reached.
package struct RemoteLanguageOptions: Sendable {
    /// Of its API, as in http://host:8000/v1; one for each server.
    package let urls: [String]
    /// What the servers call it; the only one they have unless given.
    package var model: String?
    package var key: String?
    package var rows: RowType
    /// Requests that are out at once, over all servers.
    package var concurrency = 64
    /// Until a connection stands.
    package var connectSeconds = 5.0
    /// From the prompt's last byte to the first token.
    package var firstTokenSeconds = 120.0
    /// Between two signs of life of an answer, and while the prompt is sent.
    package var idleSeconds = 60.0
    /// That a prompt which has no token yet is tried again.
    package var retrySeconds = 60.0

    /// - Parameter addresses: separated by commas.
    /// - Throws: `RemoteLanguageError.invalidAddress`.
    package init(addresses: String, rows: RowType) throws {
        self.rows = rows
        urls = try addresses.split(separator: ",").map { part in
            let text = part.trimmingCharacters(in: .whitespaces)
            guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
                ["http", "https"].contains(scheme), let host = parts.host, !host.isEmpty
            else {
                throw RemoteLanguageError.invalidAddress(text, reason: "it is no address of http or https")
            }
            guard parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil else {
                throw RemoteLanguageError.invalidAddress(
                    text, reason: "it holds more than scheme, host, port and path; keys have an option of their own")
            }
            var whole = text
            while whole.hasSuffix("/") { whole.removeLast() }
            return parts.path.isEmpty || parts.path == "/" ? whole + "/v1" : whole
        }
        guard !urls.isEmpty else { throw RemoteLanguageError.invalidAddress(addresses, reason: "it is empty") }
        guard Set(urls).count == urls.count else {
            throw RemoteLanguageError.invalidAddress(addresses, reason: "it names a server twice")
        }
    }
}

/// What a language model elsewhere must be to take the place of ours.
package struct ExpectedLanguageModel: Sendable {
    /// Width of an embedding.
    package var hiddenSize: Int
    /// Rows of the table of tokens.
    package var vocabularySize: Int

    package init(hiddenSize: Int, vocabularySize: Int) {
        self.hiddenSize = hiddenSize
        self.vocabularySize = vocabularySize
    }
}
