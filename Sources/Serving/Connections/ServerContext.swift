import Hummingbird
import HummingbirdCore
import NIOCore

/// What the server knows of a request while it is answered.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection's end, where there is one; none in tests without a network.
    let watch: ConnectionWatch?
    let facts: RequestFacts

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        watch = ConnectionWatch.of(source.channel)
        facts = RequestFacts()
    }
}
