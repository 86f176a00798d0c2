import HTTPTypes
import HiREDInference
package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import OrderedJSON

/// Everything that can be asked, and who answers it.
package struct Routes: Sendable {
    private let served: ServedModel
    private let options: ServerOptions
    private let reader: BodyReader
    private let metrics = ServerMetrics()

    private let remote: RemotePictures
    private let logger: Logger

    package init(_ served: ServedModel, options: ServerOptions, logger: Logger) {
        self.init(served, options: options, logger: logger, remote: RemotePictures())
    }

    init(_ served: ServedModel, options: ServerOptions, logger: Logger, remote: RemotePictures) {
        self.remote = remote
        self.logger = logger
        self.served = served
        self.options = options
        reader = BodyReader(options.limits)
    }

    func router() -> Router<ServerContext> {
        let errors = ErrorTranslation { [served] in served.retryAfterSeconds }
        let intake = RequestIntake(
            options: options, reader: reader, remote: options.access.allowsRemoteImages ? remote : nil)
        let router = Router(context: ServerContext.self, options: [.autoGenerateHeadEndpoints])
        router.middlewares.add(
            Reception(access: AccessRules(access: options.access), errors: errors, metrics: metrics, logger: logger))
        let chat = ChatHandler(served: served, options: options, intake: intake, errors: errors)
        router.post("/v1/chat/completions") { try await chat.answer($0, $1) }
        let tokens = VisualTokensHandler(served: served, options: options, intake: intake, seen: SeenPictures())
        router.post("/v1/visual_tokens") { try await tokens.answer($0, $1) }
        let models = ModelList(served: served, options: options)
        router.get("/v1/models") { _, _ in models.list() }
        router.get("/v1/models/:model") { _, context in try models.one(context.parameters.require("model")) }
        addHealth(to: router)
        router.get("/metrics") { _, _ in metricsAnswer() }
        for (path, file) in Pages.routes {
            router.get(RouterPath(path)) { request, _ in file.response(request) }
        }
        return router
    }

    /// What a path is asked for with; empty for a path that is not there.
    static func methods(at path: String) -> [String] {
        if ["/v1/chat/completions", "/v1/visual_tokens"].contains(path) { return ["POST"] }
        let isRead =
            ["/v1/models", "/health", "/health/live", "/health/ready", "/metrics"].contains(path)
            || path.hasPrefix("/v1/models/") || Pages.routes.contains { $0.path == path }
        return isRead ? ["GET", "HEAD"] : []
    }

    private func addHealth(to router: Router<ServerContext>) {
        router.get("/health/live") { _, _ in JSONAnswer.response(["status": "live"]) }
        for path in ["/health/ready", "/health"] {
            router.get(RouterPath(path)) { [served] _, _ in
                let status = served.status
                return JSONAnswer.response(
                    ["status": .string(status.rawValue)], status: status == .ready ? .ok : .serviceUnavailable)
            }
        }
    }

    private func metricsAnswer() -> Response {
        var text = PrometheusText()
        metrics.write(to: &text)
        text.value(
            "hired_http_body_bytes", .gauge, "Bytes of request bodies in memory.", Double(reader.heldBytes))
        text.value("hired_ready", .gauge, "Whether requests are taken.", served.status == .ready ? 1 : 0)
        if let model = served.model { text.engine(model.statistics()) }
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text.text)))
    }

    /// The application without a place to listen at, for tests.
    package func application() -> some ApplicationProtocol {
        Application(
            router: router(), server: .http1(configuration: channel),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            logger: logger.quieter)
    }

    var channel: HTTP1Channel.Configuration {
        let limits = ConnectionGuard.Limits(options)
        return HTTP1Channel.Configuration(additionalChannelHandlers: [ConnectionGuard(limits)])
    }
}
