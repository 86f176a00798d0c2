import NIOCore
import Synchronization

/// Tells a request that its connection is gone. Shared by the connection's handler and what answers the request.
final class ConnectionWatch: Sendable {
    private struct State {
        var isClosed = false
        var onClose: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Called once, when the client goes away; at once if it has. One request at a time has a connection, so a new call
    /// takes the place of an earlier one.
    func onClose(_ body: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.onClose = body }
            return state.isClosed
        }
        if isClosed { body() }
    }

    /// The request has been answered.
    func forget() { state.withLock { $0.onClose = nil } }

    func close() {
        let body = state.withLock { state in
            state.isClosed = true
            defer { state.onClose = nil }
            return state.onClose
        }
        body?()
    }
}

extension ConnectionWatch {
    /// Handlers are found by their channels: asking the pipeline would cost a hop to its thread for each request.
    private static let all = Mutex<[ObjectIdentifier: ConnectionWatch]>([:])

    static func of(_ channel: any Channel) -> ConnectionWatch? { all.withLock { $0[ObjectIdentifier(channel)] } }

    static func add(_ watch: ConnectionWatch, for channel: any Channel) {
        all.withLock { $0[ObjectIdentifier(channel)] = watch }
    }

    static func remove(_ channel: any Channel) {
        _ = all.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// Connections, and streams of connections that hold several.
    static var count: Int { all.withLock { $0.count } }
}
