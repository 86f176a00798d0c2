import HiREDInference
import Synchronization

/// Which of several servers a prompt goes to, and which of them can be asked at all.
///
/// A server that cannot be reached, or fails three times in a row, is left out until a probe finds it well.
final class UpstreamPool: Sendable {
    /// What became of a request, as far as it speaks for or against the server.
    enum Outcome: Sendable {
        case success
        /// Says nothing of the server: the caller left, or the request itself was at fault.
        case neutral
        /// Three of these in a row put it out.
        case failure(String)
        /// Puts it out at once.
        case unreachable(String)
    }

    private struct Upstream {
        var url: String
        /// Of the address, the same in every process: so that all replicas send a picture to the same server.
        var digest: UInt64
        /// Nil while it is asked.
        var reason: String?
        var failuresInARow = 0
        var outstanding = 0
        var requests = 0
        var failures = 0
        var retries = 0
    }

    private struct State {
        var upstreams: [Upstream]
        var last = 0
    }

    static let failuresBeforeOut = 3
    /// Requests that the server of a picture may have more than the one with the fewest.
    static let patience = 4

    private let state: Mutex<State>

    /// - Parameter urls: all out, until they are found well.
    init(_ urls: [String]) {
        state = Mutex(
            State(upstreams: urls.map { Upstream(url: $0, digest: Self.digest($0), reason: "it was not asked yet") }))
    }

    /// Takes a place at a server: at the one that the affinity names, unless it has far more to do than others; else at
    /// the one with the fewest requests, ties in turn. O(servers).
    ///
    /// - Parameter tried: not these.
    /// - Returns: nil where there is none.
    func choose(affinity: UInt64?, without tried: Set<Int> = []) -> Int? {
        state.withLock { state in
            let open = state.upstreams.indices.filter { state.upstreams[$0].reason == nil && !tried.contains($0) }
            guard let fewest = open.map({ state.upstreams[$0].outstanding }).min() else { return nil }
            let start = state.last + 1
            var chosen = open.filter { state.upstreams[$0].outstanding == fewest }
                .min {
                    ($0 - start + state.upstreams.count) % state.upstreams.count
                        < ($1 - start + state.upstreams.count) % state.upstreams.count
                }
            if let affinity {
                // The highest of all hashes with the servers' own: when one goes, only its pictures move.
                let home = open.max {
                    Self.mix(affinity ^ state.upstreams[$0].digest) < Self.mix(affinity ^ state.upstreams[$1].digest)
                }
                if let home, state.upstreams[home].outstanding <= fewest + Self.patience { chosen = home }
            }
            guard let chosen else { return nil }
            state.last = chosen
            state.upstreams[chosen].outstanding += 1
            state.upstreams[chosen].requests += 1
            return chosen
        }
    }

    /// Gives a place back.
    ///
    /// - Returns: whether the server has just been put out.
    func release(_ place: Int, _ outcome: Outcome) -> Bool {
        state.withLock { state in
            state.upstreams[place].outstanding -= 1
            let reason: String
            switch outcome {
            case .neutral: return false
            case .success:
                state.upstreams[place].failuresInARow = 0
                return false
            case .failure(let text):
                state.upstreams[place].failures += 1
                state.upstreams[place].failuresInARow += 1
                guard state.upstreams[place].failuresInARow >= Self.failuresBeforeOut else { return false }
                reason = text
            case .unreachable(let text):
                state.upstreams[place].failures += 1
                reason = text
            }
            defer { state.upstreams[place].reason = reason }
            return state.upstreams[place].reason == nil
        }
    }

    func noteRetry(_ place: Int) { state.withLock { $0.upstreams[place].retries += 1 } }

    /// A probe has found it well, or has not, and why.
    func mark(_ place: Int, reason: String?) {
        state.withLock { state in
            state.upstreams[place].reason = reason
            if reason == nil { state.upstreams[place].failuresInARow = 0 }
        }
    }

    /// Why none can be asked; nil while one can.
    var unavailability: String? {
        state.withLock { state in
            guard state.upstreams.allSatisfy({ $0.reason != nil }) else { return nil }
            return state.upstreams.map { "\($0.url): \($0.reason ?? "")" }.joined(separator: "; ")
        }
    }

    var statistics: [UpstreamStatistics] {
        state.withLock { state in
            state.upstreams.map {
                UpstreamStatistics(
                    url: $0.url, isAvailable: $0.reason == nil, outstanding: $0.outstanding, requests: $0.requests,
                    failures: $0.failures, retries: $0.retries)
            }
        }
    }

    /// FNV-1a.
    private static func digest(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// The finisher of SplitMix64.
    private static func mix(_ number: UInt64) -> UInt64 {
        var z = number &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
