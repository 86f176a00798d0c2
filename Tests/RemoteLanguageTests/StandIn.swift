import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import OrderedJSON
import Synchronization

/// A server on this machine that says what a test tells it to, byte for byte, and remembers what it was asked.
final class StandIn: Sendable {
    struct Request: Sendable {
        var path: String
        var headers: [String: String]
        var body: [UInt8]
        /// Counted from 0, over all requests to this path.
        var number: Int

        func json() throws -> JSONObject {
            guard case .object(let object) = try JSONValue(parsing: body) else { throw NotAnObject() }
            return object
        }
    }

    struct NotAnObject: Error {}

    /// What is sent back, piece by piece.
    struct Reply: Sendable {
        var status = 200
        var type = "text/event-stream; charset=utf-8"
        var pieces: [[UInt8]] = []
        /// Milliseconds before each piece but the first.
        var pause: Int64 = 0
        var ending = Ending.whole

        enum Ending: Sendable {
            case whole
            /// The connection is closed in the midst of the body.
            case broken
            /// Nothing more comes.
            case silence
            /// The connection is closed before anything is sent.
            case nothing
        }

        static func json(_ text: String, status: Int = 200) -> Reply {
            Reply(status: status, type: "application/json", pieces: [Array(text.utf8)])
        }

        static func stream(_ text: String, pause: Int64 = 0, ending: Ending = .whole) -> Reply {
            // An event a piece.
            let events = text.components(separatedBy: "\n\n").filter { !$0.isEmpty }.map { Array(($0 + "\n\n").utf8) }
            return Reply(pieces: events, pause: pause, ending: ending)
        }
    }

    typealias Script = @Sendable (Request) -> Reply

    private struct State {
        var requests: [Request] = []
        var closedEarly = 0
        var script: Script
    }

    private let state: Mutex<State>
    private let channel = Mutex<(any Channel)?>(nil)
    let port: Int

    var url: String { "http://127.0.0.1:\(port)/v1" }
    var requests: [Request] { state.withLock { $0.requests } }
    /// Connections that were closed by the client while an answer was being sent.
    var closedEarly: Int { state.withLock { $0.closedEarly } }

    func script(_ script: @escaping Script) { state.withLock { $0.script = script } }

    /// - Parameter port: a free one unless given.
    init(port: Int = 0, _ script: @escaping Script) async throws {
        state = Mutex(State(script: script))
        let box = Box()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(box))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        self.port = channel.localAddress?.port ?? 0
        self.channel.withLock { $0 = channel }
        box.owner.withLock { $0 = Weak(owner: self) }
    }

    deinit { channel.withLock { $0 }?.close(promise: nil) }

    /// Takes no further connections.
    func stop() async throws { try await channel.withLock { $0 }?.close() }

    private func answer(_ request: Request) -> Reply {
        state.withLock { state in
            var request = request
            request.number = state.requests.count { $0.path == request.path }
            state.requests.append(request)
            return state.script(request)
        }
    }

    private func noteClosedEarly() { state.withLock { $0.closedEarly += 1 } }

    private struct Weak: Sendable { weak var owner: StandIn? }
    private final class Box: Sendable { let owner = Mutex(Weak(owner: nil)) }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let box: Box
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []
        private var isAnswering = false

        init(_ box: Box) { self.box = box }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (self.head, body) = (head, [])
            case .body(let part): body += part.readableBytesView
            case .end:
                guard let head, let owner = box.owner.withLock({ $0.owner }) else { return context.close(promise: nil) }
                let headers = Dictionary(
                    head.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $1 })
                let reply = owner.answer(Request(path: head.uri, headers: headers, body: body, number: 0))
                guard reply.ending != .nothing else { return context.close(promise: nil) }
                isAnswering = true
                let status = HTTPResponseStatus(statusCode: reply.status)
                context.writeAndFlush(
                    wrapOutboundOut(
                        .head(
                            HTTPResponseHead(version: .http1_1, status: status, headers: ["Content-Type": reply.type]))
                    ), promise: nil)
                send(reply, from: 0, context: context)
            }
        }

        private func send(_ reply: Reply, from place: Int, context: ChannelHandlerContext) {
            guard context.channel.isActive else { return }
            guard place < reply.pieces.count else {
                switch reply.ending {
                case .silence: return
                case .broken, .nothing:
                    isAnswering = false
                    return context.close(promise: nil)
                case .whole:
                    isAnswering = false
                    return context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
                }
            }
            context.writeAndFlush(
                wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.pieces[place])))), promise: nil)
            guard reply.pause > 0 else { return send(reply, from: place + 1, context: context) }
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(reply.pause)) { [self] in
                send(reply, from: place + 1, context: context)
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            if isAnswering { box.owner.withLock { $0.owner }?.noteClosedEarly() }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

/// Texts as vLLM writes them.
enum Wire {
    static func models(_ name: String = "lm", context: Int = 4096) -> String {
        #"{"object":"list","data":[{"id":"\#(name)","object":"model","created":1,"owned_by":"vllm","root":"/lm","parent":null,"max_model_len":\#(context),"permission":[]}]}"#
    }

    static func chunk(_ ids: [Int], answer: Int = 0, finish: String? = nil) -> String {
        let list = ids.map(String.init).joined(separator: ",")
        let reason = finish.map { "\"\($0)\"" } ?? "null"
        return
            #"data: {"id":"cmpl-1","object":"text_completion","created":1,"model":"lm","choices":[{"index":\#(answer),"text":"","logprobs":null,"finish_reason":\#(reason),"stop_reason":null,"token_ids":[\#(list)]}]}"#
            + "\n\n"
    }

    static let done = "data: [DONE]\n\n"

    static func error(_ message: String, status: Int) -> StandIn.Reply {
        .json(
            #"{"error":{"message":"\#(message)","type":"BadRequestError","param":null,"code":\#(status)}}"#,
            status: status)
    }

    /// What a probe asks for, answered as by a server of 100 tokens and 4 values a row; everything else is the body's.
    static func serving(
        context: Int = 4096, _ body: @escaping StandIn.Script = { _ in .stream(chunk([7], finish: "length") + done) }
    ) -> StandIn.Script {
        { request in
            if request.path == "/v1/models" { return .json(models(context: context)) }
            guard let object = try? request.json(), case .array(let allowed)? = object["allowed_token_ids"],
                case .integer(let id)? = allowed.first
            else { return body(request) }
            return id < 100
                ? .stream(chunk([id], finish: "length") + done)
                : error("allowed_token_ids contains out-of-vocab token id!", status: 400)
        }
    }
}
