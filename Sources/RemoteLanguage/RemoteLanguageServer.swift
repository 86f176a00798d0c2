import AsyncHTTPClient
import Foundation
package import HiREDInference
import NIOCore
import NIOPosix
import Synchronization

/// A language model behind one or more servers that speak vLLM's `/v1/completions` with `prompt_embeds`.
package final class RemoteLanguageServer: RemoteLanguageModel {
    package let context: Int
    package var concurrency: Int { options.concurrency }
    package let identity: String

    let options: RemoteLanguageOptions
    let expected: ExpectedLanguageModel
    let wire: CompletionWire
    let pool: UpstreamPool
    /// What each server calls the model.
    private let names: Mutex<[String]>

    /// Asks every server what it serves, and holds that against ours. One that cannot be reached is asked again and again
    /// in the background; one that serves another model ends it all.
    ///
    /// - Throws: `RemoteLanguageError`, `CancellationError`.
    package static func connect(
        _ options: RemoteLanguageOptions, expecting expected: ExpectedLanguageModel
    ) async throws -> RemoteLanguageServer {
        let wire = CompletionWire(options)
        let found = try await probeAll(options, wire: wire, expected)
        for finding in found { if let error = finding.error, error.isLasting { throw error } }
        let served = found.compactMap(\.served)
        guard let first = served.first else {
            throw RemoteLanguageError.unavailable(
                found.compactMap { $0.error?.problem }.joined(separator: "; "))
        }
        let server = RemoteLanguageServer(
            options, expected: expected, wire: wire, names: found.map { $0.served?.name ?? first.name },
            context: served.map(\.context).min() ?? .max)
        for (place, finding) in found.enumerated() {
            server.pool.mark(place, reason: finding.error?.reason(at: options.urls[place]))
            if finding.error != nil { server.watch(place) }
        }
        return server
    }

    /// What became of asking a server.
    private struct Finding: Sendable {
        var served: ServedLanguageModel?
        var error: RemoteLanguageError?
    }

    /// Asks all servers at once; in the order of their addresses.
    private static func probeAll(
        _ options: RemoteLanguageOptions, wire: CompletionWire, _ expected: ExpectedLanguageModel
    ) async throws -> [Finding] {
        let tasks = options.urls.map { url in
            Task {
                do {
                    return Finding(served: try await wire.probe(url, expecting: expected, context: nil))
                } catch let error as RemoteLanguageError { return Finding(error: error) }
            }
        }
        return try await withTaskCancellationHandler {
            var found: [Finding] = []
            for task in tasks { found.append(try await task.value) }
            return found
        } onCancel: {
            for task in tasks { task.cancel() }
        }
    }

    private init(
        _ options: RemoteLanguageOptions, expected: ExpectedLanguageModel, wire: CompletionWire, names: [String],
        context: Int
    ) {
        self.options = options
        self.expected = expected
        self.wire = wire
        self.context = context
        self.names = Mutex(names)
        pool = UpstreamPool(options.urls)
        identity = "\(names.first ?? "") at \(options.urls.joined(separator: ", "))"
    }

    package var unavailability: RemoteLanguageError? { pool.unavailability.map { .unavailable($0) } }
    package var statistics: [UpstreamStatistics] { pool.statistics }

    package func answer(
        _ prompt: RemotePrompt, receive: @escaping @Sendable (RemoteEvent) -> Void
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(options.retrySeconds)
        var (body, bodyName) = (ByteBuffer(), "")
        var (tried, rounds) = (Set<Int>(), 0)
        var last: RemoteLanguageError?
        while true {
            try Task.checkCancellation()
            guard let place = pool.choose(affinity: prompt.affinity, without: tried) else {
                guard deadline > ContinuousClock.now else {
                    throw last ?? unavailability ?? .unavailable("every server is at its end")
                }
                tried = []
                rounds += 1
                try await Task.sleep(for: .seconds(Self.pause(rounds)))
                continue
            }
            let name = names.withLock { $0[place] }
            var outcome = UpstreamPool.Outcome.neutral
            defer { if pool.release(place, outcome) { watch(place) } }
            if name != bodyName {
                body = ByteBuffer(
                    bytes: try CompletionBody(model: name, prompt: prompt, type: options.rows).data())
                bodyName = name
            }
            let progress = Exchange.Progress()
            do {
                try await wire.complete(
                    Exchange(
                        url: options.urls[place], body: body, alternatives: prompt.sampling.logprobs ?? 0,
                        progress: progress), receive: receive)
                outcome = .success
                return
            } catch {
                try Task.checkCancellation()
                let fault = Fault(error, url: options.urls[place], hasBegun: progress.hasBegun)
                outcome = fault.outcome
                guard fault.isRetryable, deadline > ContinuousClock.now else { throw fault.error }
                pool.noteRetry(place)
                tried.insert(place)
                last = fault.error
            }
        }
    }

    /// Seconds between two rounds over all servers: longer each time, and never the same for all who wait.
    private static func pause(_ round: Int) -> Double {
        min(0.1 * Double(1 << min(round, 5)), 2) * Double.random(in: 0.5...1)
    }

    /// Asks a server that is out whether it is well again, until it is or nobody holds this any more.
    private func watch(_ place: Int) {
        let (url, wire, expected, context) = (options.urls[place], wire, expected, context)
        Task.detached { [weak self] in
            var rounds = 0
            while true {
                try? await Task.sleep(for: .seconds(min(0.5 * Double(1 << min(rounds, 4)), 5)))
                rounds += 1
                guard self != nil else { return }
                do {
                    let served = try await wire.probe(url, expecting: expected, context: context)
                    guard let self else { return }
                    names.withLock { $0[place] = served.name }
                    return pool.mark(place, reason: nil)
                } catch {
                    self?.pool.mark(
                        place, reason: (error as? RemoteLanguageError)?.reason(at: url) ?? Fault.text(of: error))
                }
            }
        }
    }
}

extension RemoteLanguageError {
    /// Why a server is left out, without its address in front.
    func reason(at url: String) -> String {
        guard case .unavailable(let reason) = self else { return problem }
        return reason.hasPrefix(url + ": ") ? String(reason.dropFirst(url.count + 2)) : reason
    }

    /// Whether waiting does not help.
    var isLasting: Bool {
        switch self {
        case .invalidAddress, .mismatch, .protocolViolation, .unsendable, .missing: true
        case .refused(_, let status, _): status < 500 && ![408, 425, 429].contains(status)
        case .unavailable, .interrupted, .timedOut: false
        }
    }
}
