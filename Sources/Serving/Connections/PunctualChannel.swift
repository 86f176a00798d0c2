import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOHTTP2
import NIOTLS

/// A TLS connection whose client must have agreed on the protocol in time: until then no other handler looks after it, and
/// who opens it and says nothing would hold it for ever.
struct PunctualChannel: ServerChildChannel {
    typealias Value = HTTP2UpgradeChannel.Value

    let base: HTTP2UpgradeChannel
    let handshake: TimeAmount

    /// Stands in the pipeline until the protocol is agreed on.
    private typealias Negotiation = NIOTypedApplicationProtocolNegotiationHandler<
        NIONegotiatedHTTPVersion<HTTP1Channel.Value, HTTP2Channel.Value>
    >

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let timer = channel.eventLoop.scheduleTask(in: handshake) {
            guard (try? channel.pipeline.syncOperations.handler(type: Negotiation.self)) != nil else { return }
            channel.close(promise: nil)
        }
        channel.closeFuture.whenComplete { _ in timer.cancel() }
        return base.setup(channel: channel, logger: logger)
    }

    func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
