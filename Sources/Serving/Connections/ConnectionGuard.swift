import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Stands between HTTP's parts and whoever answers them: it ends connections that take too long, answers what is no
/// HTTP, and tells requests that their client has gone.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    struct Limits: Sendable {
        var header: TimeAmount
        var body: TimeAmount
        var stalledWrite: TimeAmount
        var idle: TimeAmount
        var bodyBytes: Int

        init(_ options: ServerOptions) {
            func amount(_ seconds: Double) -> TimeAmount { .nanoseconds(Int64(seconds * 1e9)) }
            header = amount(options.timeouts.header)
            body = amount(options.timeouts.body)
            stalledWrite = amount(options.timeouts.stalledWrite)
            idle = amount(options.timeouts.idle)
            bodyBytes = options.limits.bodyBytes
        }
    }

    private enum Stage { case waiting, body, answering }

    private let limits: Limits
    private let watch = ConnectionWatch()
    private var stage = Stage.waiting
    /// Whether anything of the answer to the current request has been written.
    private var hasAnswered = false
    /// Whether the answer is written, though perhaps the body is not whole.
    private var hasEnded = false
    /// Whether the request's body is whole.
    private var isBodyWhole = true
    private var isFirst = true
    /// Bytes of the body that came.
    private var received = 0
    private var timer: Scheduled<Void>?
    private var writeTimer: Scheduled<Void>?

    init(_ limits: Limits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) {
        ConnectionWatch.add(watch, for: context.channel)
        if context.channel.isActive { wait(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { end(context) }

    func channelActive(context: ChannelHandlerContext) {
        wait(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context)
        context.fireChannelInactive()
    }

    private func end(_ context: ChannelHandlerContext) {
        timer?.cancel()
        writeTimer?.cancel()
        ConnectionWatch.remove(context.channel)
        watch.close()
    }

    /// The next request has so long to begin.
    private func wait(_ context: ChannelHandlerContext) {
        stage = .waiting
        start(context, isFirst ? limits.header : limits.idle) { context, _ in context.close(promise: nil) }
    }

    private func start(
        _ context: ChannelHandlerContext, _ time: TimeAmount,
        _ body: @escaping @Sendable (ChannelHandlerContext, ConnectionGuard) -> Void
    ) {
        timer?.cancel()
        let bound = NIOLoopBound((context, self), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: time) { body(bound.value.0, bound.value.1) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            (isFirst, hasAnswered, hasEnded, isBodyWhole, received) = (false, false, false, false, 0)
            stage = .body
            start(context, limits.body) { context, handler in handler.expireBody(context) }
            if head.headerFields[.expect]?.lowercased() == "100-continue",
                Int(head.headerFields[.contentLength] ?? "") ?? 0 <= limits.bodyBytes
            {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body(let part):
            received += part.readableBytes
            // Refused long ago, and it goes on sending.
            if hasAnswered, received > limits.bodyBytes + (8 << 20) { return context.close(promise: nil) }
        case .end:
            isBodyWhole = true
            timer?.cancel()
            if stage == .body { stage = .answering }
            if hasEnded { wait(context) }
        }
        context.fireChannelRead(data)
    }

    private func expireBody(_ context: ChannelHandlerContext) {
        guard !hasAnswered else { return context.close(promise: nil) }
        refuse(
            context,
            APIError(.requestTimeout, "the request's body was not whole in time", code: "request_timeout"))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head: (hasAnswered, hasEnded) = (true, false)
        case .body: break
        case .end:
            watch.forget()
            if isBodyWhole { wait(context) } else { hasEnded = true }
        }
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writeTimer?.cancel()
        if !context.channel.isWritable {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            writeTimer = context.eventLoop.scheduleTask(in: limits.stalledWrite) { bound.value.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Who closes one half reads no answers either: a program that ends looks the same.
        if let event = event as? ChannelEvent, event == .inputClosed { watch.close() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        guard !hasAnswered || stage == .waiting else { return context.close(promise: nil) }
        switch error {
        case .headerOverflow:
            refuse(
                context,
                APIError(
                    .init(code: 431, reasonPhrase: "Request Header Fields Too Large"), "the header is too large",
                    code: "header_too_large"))
        default: refuse(context, APIError(.badRequest, "this is not HTTP as it should be", code: "invalid_http"))
        }
    }

    /// Answers in place of those behind, and ends the connection.
    private func refuse(_ context: ChannelHandlerContext, _ error: APIError) {
        let bytes = ByteBuffer(bytes: JSONAnswer.bytes(error.body))
        let head = HTTPResponse(
            status: error.status,
            headerFields: [
                .contentType: "application/json", .contentLength: "\(bytes.readableBytes)", .connection: "close",
            ])
        watch.close()
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(bytes)), promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in bound.value.close(promise: nil) }
    }
}
