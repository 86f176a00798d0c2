package import Crypto
package import HiRED
package import ImageProcessing
import Synchronization

/// Pictures that were seen before, so that none is decoded or encoded twice. Any thread may use it.
package final class KnownImages: Sendable {
    /// A picture's views, shared by all requests that wait with it.
    package final class Views: Sendable {
        package let digest: SHA256.Digest
        package let partitions: ImagePartitions

        init(digest: SHA256.Digest, partitions: ImagePartitions) {
            self.digest = digest
            self.partitions = partitions
        }
    }

    private struct WeakViews { weak var views: Views? }

    private struct State {
        var results: LeastRecentlyUsed<SHA256.Digest, ImagePipeline.Result>
        var layouts: [SHA256.Digest: PartitionLayout] = [:]
        var views: [SHA256.Digest: WeakViews] = [:]
        var hits = 0
    }

    private let state: Mutex<State>
    /// Layouts are small; a full table starts anew.
    private static let layoutLimit = 4096

    /// - Parameter byteLimit: of embeddings that are kept for later requests.
    package init(byteLimit: Int) {
        state = Mutex(State(results: LeastRecentlyUsed(byteLimit: byteLimit)))
    }

    /// Bytes of embeddings that are kept.
    package var byteCount: Int { state.withLock { $0.results.byteCount } }

    /// The embeddings of a picture under some options.
    package func result(for key: SHA256.Digest) -> ImagePipeline.Result? {
        state.withLock { state in
            let found = state.results[key]
            if found != nil { state.hits += 1 }
            return found
        }
    }

    /// How often embeddings were found.
    package var hits: Int { state.withLock { $0.hits } }

    package func insert(_ result: ImagePipeline.Result, for key: SHA256.Digest) {
        state.withLock { $0.results.insert(result, byteCount: result.embeddings.byteCount, for: key) }
    }

    package func layout(for digest: SHA256.Digest) -> PartitionLayout? { state.withLock { $0.layouts[digest] } }

    /// The views that another request still holds.
    package func views(for digest: SHA256.Digest) -> Views? { state.withLock { $0.views[digest]?.views } }

    /// Makes a prepared picture known. O(pictures held).
    package func add(_ partitions: ImagePartitions, digest: SHA256.Digest) -> Views {
        let views = Views(digest: digest, partitions: partitions)
        state.withLock { state in
            if state.layouts.count >= Self.layoutLimit { state.layouts = [:] }
            state.layouts[digest] = partitions.layout
            state.views = state.views.filter { $0.value.views != nil }
            state.views[digest] = WeakViews(views: views)
        }
        return views
    }

    /// Forgets embeddings and layouts.
    package func clear() {
        state.withLock { state in
            state.results = LeastRecentlyUsed(byteLimit: state.results.byteLimit)
            state.layouts = [:]
        }
    }
}
