import AsyncHTTPClient
import Foundation
import HiREDInference
import NIOCore
import NIOHTTP1
import NIOPosix
import OrderedJSON
import Synchronization

/// One prompt on its way to one server.
struct Exchange: Sendable {
    let url: String
    let body: ByteBuffer
    /// Log probabilities of tokens in each token's place.
    let alternatives: Int
    let progress: Progress

    final class Progress: Sendable {
        private let begun = Atomic(false)
        /// Whether a token has come.
        var hasBegun: Bool { begun.load(ordering: .relaxed) }
        func begin() { begun.store(true, ordering: .relaxed) }
    }
}

/// Speaks the servers' API over a pool of connections.
final class CompletionWire: Sendable {
    let options: RemoteLanguageOptions
    private let client: HTTPClient

    /// Of an answer that is an error, or a list of models.
    private static let smallBody = 1 << 20

    init(_ options: RemoteLanguageOptions) {
        self.options = options
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow, decompression: .disabled)
        configuration.timeout = .init(connect: .nanoseconds(Int64(options.connectSeconds * 1e9)))
        // Shorter than servers keep a connection that is not used: uvicorn's 5 seconds.
        configuration.connectionPool.idleTimeout = .seconds(4)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = options.concurrency + 4
        // Another server may be well: tries are counted here.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        client = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
    }

    deinit { client.shutdown { _ in } }

    private func request(_ url: String, _ method: HTTPMethod) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers.add(name: "User-Agent", value: "hired")
        if let key = options.key { request.headers.add(name: "Authorization", value: "Bearer \(key)") }
        return request
    }

    /// Sends a prompt and hands out what comes until the answer is whole. Leaving early closes the connection, which ends
    /// the work over there.
    ///
    /// - Throws: `RemoteLanguageError`, and what the client throws.
    func complete(_ exchange: Exchange, receive: @escaping @Sendable (RemoteEvent) -> Void) async throws {
        let watchdog = Watchdog(
            url: exchange.url, what: "connection, or took no byte of the prompt,",
            seconds: options.connectSeconds + options.idleSeconds)
        try await guarded(by: watchdog) { [self] in
            var request = self.request(exchange.url + "/completions", .POST)
            request.headers.add(name: "Content-Type", value: "application/json")
            request.headers.add(name: "Accept", value: "text/event-stream")
            let chunks = BodyChunks(body: exchange.body) { [options] isLast in
                if isLast {
                    watchdog.expect("token", within: options.firstTokenSeconds)
                    receive(.sent)
                } else {
                    watchdog.expect("sign that it reads the prompt", within: options.idleSeconds)
                }
            }
            request.body = .stream(chunks, length: .known(Int64(exchange.body.readableBytes)))
            let response = try await client.execute(request, deadline: .distantFuture)
            guard response.status == .ok else { throw try await refusal(response, url: exchange.url) }
            try await read(response, of: exchange, watchdog: watchdog, receive: receive)
        }
    }

    private func read(
        _ response: HTTPClientResponse, of exchange: Exchange, watchdog: Watchdog,
        receive: @Sendable (RemoteEvent) -> Void
    ) async throws {
        func violation(_ reason: String) -> RemoteLanguageError {
            .protocolViolation(url: exchange.url, reason: reason)
        }
        var parser = EventStreamParser()
        var isDone = false
        for try await buffer in response.body {
            let events: [[UInt8]]
            do { events = try parser.append(buffer.readableBytesView) } catch {
                throw violation("an event of more than 16 MB")
            }
            for event in events {
                let chunk: CompletionChunk
                do { chunk = try CompletionChunk(event, alternatives: exchange.alternatives) } catch let error
                    as CompletionChunk.Malformed
                { throw violation(error.reason) }
                switch chunk {
                // Read to its end, so that the connection can serve the next prompt.
                case .done: isDone = true
                case .failure(let message, let status?) where !exchange.progress.hasBegun:
                    // Checked after the stream had begun: still the same as a refusal.
                    throw RemoteLanguageError.refused(url: exchange.url, status: status, message: message)
                case .failure(let message, _):
                    throw RemoteLanguageError.interrupted(url: exchange.url, reason: message)
                case .tokens(let list):
                    for event in list {
                        if case .tokens(_, let tokens, _) = event, !tokens.isEmpty { exchange.progress.begin() }
                        receive(event)
                    }
                }
            }
            if exchange.progress.hasBegun { watchdog.expect("further token", within: options.idleSeconds) }
        }
        guard isDone else {
            throw RemoteLanguageError.interrupted(url: exchange.url, reason: "the connection was closed")
        }
    }

    /// What a server says with a status other than 200.
    private func refusal(_ response: HTTPClientResponse, url: String) async throws -> RemoteLanguageError {
        let bytes = Array(try await response.body.collect(upTo: Self.smallBody).readableBytesView)
        var message = String(decoding: bytes.prefix(300), as: UTF8.self)
        if case .object(let object)? = try? JSONValue(parsing: bytes), let told = CompletionChunk.message(of: object) {
            message = told
        }
        message = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        return .refused(url: url, status: Int(response.status.code), message: String(message.prefix(500)))
    }

    /// The list of models, or whatever else is asked for with GET.
    ///
    /// - Throws: `RemoteLanguageError`, and what the client throws.
    func get(_ url: String, path: String) async throws -> JSONValue {
        let watchdog = Watchdog(url: url, what: "answer", seconds: options.connectSeconds + 10)
        return try await guarded(by: watchdog) { [self] in
            let response = try await client.execute(request(url + path, .GET), deadline: .distantFuture)
            guard response.status == .ok else { throw try await refusal(response, url: url) }
            let bytes = Array(try await response.body.collect(upTo: Self.smallBody).readableBytesView)
            do { return try JSONValue(parsing: bytes) } catch {
                throw RemoteLanguageError.protocolViolation(url: url, reason: "\(path) is no JSON")
            }
        }
    }

    private func guarded<Result: Sendable>(
        by watchdog: Watchdog, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await watchdog.watch()
                return nil
            }
            defer { group.cancelAll() }
            // The watchdog never returns: what comes first is the body's, or an error.
            guard let result = try await group.next() ?? nil else { throw CancellationError() }
            return result
        }
    }
}
