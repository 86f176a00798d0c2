import Foundation
import Synchronization

/// The places that requests hold: taken under one lock before any work, or refused at once, however busy the model is.
final class Admission: Sendable {
    struct Limits: Sendable {
        /// Requests that are held at once.
        var requests: Int
        /// What is named when there are more: those beyond the running ones.
        var waiting: Int
        /// Bytes of pictures that were not decoded yet.
        var encodedBytes: Int
        /// Bytes of views.
        var viewBytes: Int
    }

    private struct Place {
        var channel: RequestChannel
        var encodedBytes: Int
        var viewBytes = 0
        var tokens = 0
        var hasBegun = false
        /// The engine holds it, and gives its place back.
        var isInEngine = false
    }

    private struct State {
        var places: [UInt64: Place] = [:]
        var begun = 0
        var encodedBytes = 0
        var viewBytes = 0
        var tokens = 0
        var isDraining = false
        /// Resumed when the last request is gone.
        var idle: [CheckedContinuation<Void, Never>] = []
    }

    let limits: Limits
    private let state = Mutex(State())

    init(_ limits: Limits) { self.limits = limits }

    /// Takes a place.
    ///
    /// - Returns: how many came before and have not begun.
    /// - Throws: `InferenceError.draining`, `.queueFull`, `.imageMemoryFull`.
    func enter(_ channel: RequestChannel, encodedBytes: Int) throws -> Int {
        try state.withLock { state in
            guard !state.isDraining else { throw InferenceError.draining }
            guard state.places.count < limits.requests else {
                throw InferenceError.queueFull(limit: limits.waiting)
            }
            guard encodedBytes <= limits.encodedBytes - state.encodedBytes else {
                throw InferenceError.imageMemoryFull(
                    needed: encodedBytes, available: limits.encodedBytes - state.encodedBytes)
            }
            let before = state.places.count - state.begun
            state.places[channel.id] = Place(channel: channel, encodedBytes: encodedBytes)
            state.encodedBytes += encodedBytes
            return before
        }
    }

    /// Exchanges what a request held of its encoded pictures for what it needs: its views and its tokens.
    ///
    /// - Throws: `InferenceError.imageMemoryFull`.
    func settle(_ id: UInt64, viewBytes: Int, tokens: Int) throws {
        try state.withLock { state in
            guard var place = state.places[id] else { return }
            guard viewBytes <= limits.viewBytes - state.viewBytes else {
                throw InferenceError.imageMemoryFull(needed: viewBytes, available: limits.viewBytes - state.viewBytes)
            }
            state.encodedBytes -= place.encodedBytes
            state.viewBytes += viewBytes
            state.tokens += tokens
            (place.encodedBytes, place.viewBytes, place.tokens) = (0, viewBytes, tokens)
            state.places[id] = place
        }
    }

    /// The engine holds a request from now on.
    func handOver(_ id: UInt64) { state.withLock { $0.places[id]?.isInEngine = true } }

    /// Gives back the place of a request that was ended while it was prepared; the engine does so for its own.
    func abandon(_ id: UInt64) {
        if state.withLock({ $0.places[id].map { !$0.isInEngine } ?? false }) { leave(id) }
    }

    /// A request's prompt is being computed: its views are no longer held.
    func begin(_ id: UInt64) {
        state.withLock { state in
            guard var place = state.places[id], !place.hasBegun else { return }
            place.hasBegun = true
            state.begun += 1
            state.viewBytes -= place.viewBytes
            place.viewBytes = 0
            state.places[id] = place
        }
    }

    /// Gives a place back.
    func leave(_ id: UInt64) {
        state.withLock { state in
            guard let place = state.places.removeValue(forKey: id) else { return }
            state.encodedBytes -= place.encodedBytes
            state.viewBytes -= place.viewBytes
            state.tokens -= place.tokens
            if place.hasBegun { state.begun -= 1 }
            guard state.places.isEmpty else { return }
            for waiting in state.idle { waiting.resume() }
            state.idle = []
        }
    }

    /// Refuses whatever comes from now on.
    func close() { state.withLock { $0.isDraining = true } }

    var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Returns when no request holds a place.
    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if state.places.isEmpty { continuation.resume() } else { state.idle.append(continuation) }
            }
        }
    }

    /// Ends every request that holds a place.
    func cancelAll() {
        let channels = state.withLock { $0.places.values.map(\.channel) }
        for channel in channels { channel.cancel() }
    }

    struct Gauges: Sendable {
        var requests: Int
        var begun: Int
        var encodedBytes: Int
        var viewBytes: Int
        /// Tokens of prompts and answers that were promised to requests.
        var tokens: Int
    }

    var gauges: Gauges {
        state.withLock {
            Gauges(
                requests: $0.places.count, begun: $0.begun, encodedBytes: $0.encodedBytes, viewBytes: $0.viewBytes,
                tokens: $0.tokens)
        }
    }
}
