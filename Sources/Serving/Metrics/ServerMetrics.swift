import HiREDInference
import Synchronization

/// What the server counts of HTTP, beside what the engine counts.
final class ServerMetrics: Sendable {
    private struct Key: Hashable {
        var route: String
        var status: Int
    }

    private struct State {
        var requests: [Key: Int] = [:]
        var seconds: [String: (sum: Double, counts: [Int])] = [:]
        var running = 0
    }

    /// Of what is answered at once and of what takes a minute.
    private static let bounds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]

    private let state = Mutex(State())

    func begin() { state.withLock { $0.running += 1 } }

    /// - Parameter route: one of the server's own; never what a client wrote.
    func end(route: String, status: Int, seconds: Double) {
        state.withLock { state in
            state.running -= 1
            state.requests[Key(route: route, status: status), default: 0] += 1
            var entry = state.seconds[route] ?? (0, [Int](repeating: 0, count: Self.bounds.count + 1))
            entry.sum += seconds
            entry.counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
            state.seconds[route] = entry
        }
    }

    func write(to text: inout PrometheusText) {
        let now = state.withLock { $0 }
        let keys = now.requests.keys.sorted { ($0.route, $0.status) < ($1.route, $1.status) }
        text.family(
            "hired_http_requests_total", .counter, "HTTP requests that were answered, by route and status.",
            keys.map { ([("route", $0.route), ("status", "\($0.status)")], Double(now.requests[$0] ?? 0)) })
        text.value("hired_http_requests_in_flight", .gauge, "HTTP requests being answered.", Double(now.running))
        text.value("hired_http_connections", .gauge, "Connections that are open.", Double(ConnectionWatch.count))
        text.histograms(
            "hired_http_request_seconds", "Seconds from a request's header to the end of its answer.",
            now.seconds.sorted { $0.key < $1.key }.map { route, entry in
                ([("route", route)], Self.bounds, entry.counts, entry.sum)
            })
    }
}
