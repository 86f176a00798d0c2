import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Receives every request and sees every answer off: names, keys, origins, errors, counts and the log's one line.
struct Reception: RouterMiddleware {
    typealias Context = ServerContext

    let access: AccessRules
    let errors: ErrorTranslation
    let metrics: ServerMetrics
    let logger: Logger

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let id = Self.id(request.headers)
        context.facts.update { $0.id = id }
        metrics.begin()
        var response: Response
        do {
            if request.method == .options {
                response = access.preflight(request)
            } else {
                if request.uri.path.hasPrefix("/v1/") {
                    try access.checkOrigin(request)
                    try access.checkKey(request.headers)
                }
                response = try await next(request, context)
            }
        } catch {
            let told = told(error, request)
            context.facts.update { $0.outcome = told.code }
            if told.status.code >= 500, told.code == "internal_error" {
                logger.error("a request failed", metadata: ["request": "\(id)", "error": "\(error)"])
            }
            response = told.response
        }
        response.headers.append(contentsOf: access.headers(for: request.headers))
        response.headers[Self.idHeader] = id
        response.headers[.xContentTypeOptions] = "nosniff"
        let status = response.status
        let end: @Sendable (_ isWhole: Bool) -> Void = { isWhole in
            context.watch?.forget()
            finish(request, context, status: status, start: start, isWhole: isWhole)
        }
        guard response.body.contentLength == nil else {
            end(true)
            return response
        }
        let body = response.body
        response.body = ResponseBody { writer in
            do { try await body.write(writer) } catch {
                end(false)
                throw error
            }
            end(true)
        }
        return response
    }

    private func told(_ error: any Error, _ request: Request) -> APIError {
        guard let error = error as? HTTPError else { return errors.error(for: error) }
        // The router's own.
        switch error.status {
        case .notFound:
            let methods = Routes.methods(at: request.uri.path)
            guard methods.isEmpty else {
                var told = APIError(
                    .methodNotAllowed, "this is asked for with \(methods.joined(separator: " or "))",
                    code: "method_not_allowed")
                told.headers[.allow] = (methods + ["OPTIONS"]).joined(separator: ", ")
                return told
            }
            return APIError(
                .notFound, .notFound,
                "there is nothing at \(request.method.rawValue) \(Self.shown(request.uri.path)); "
                    + "see /openapi.json", code: "not_found")
        default: return errors.error(for: error)
        }
    }

    private static func shown(_ path: String) -> String { String(path.prefix(100)) }

    private func finish(
        _ request: Request, _ context: ServerContext, status: HTTPResponse.Status,
        start: ContinuousClock.Instant, isWhole: Bool
    ) {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        // The router calls what it does not find so.
        let route = context.endpointPath.flatMap { $0 == "NotFound" ? nil : $0 } ?? "other"
        let facts = context.facts.current
        let isGone = !isWhole || (context.watch?.isClosed ?? false)
        metrics.end(route: route, status: isGone ? 499 : status.code, seconds: seconds)
        var line: Logger.Metadata = [
            "request": "\(facts.id)", "method": "\(request.method.rawValue)", "route": "\(route)",
            "status": "\(status.code)", "ms": "\(Int(seconds * 1000))",
        ]
        if let model = facts.model { line["model"] = "\(model)" }
        if let usage = facts.usage {
            line["prompt_tokens"] = "\(usage.promptTokens)"
            line["completion_tokens"] = "\(usage.completionTokens)"
            if usage.images > 0 {
                line["image_tokens_full"] = "\(usage.imageTokensFull)"
                line["image_tokens_kept"] = "\(usage.imageTokensKept)"
            }
        }
        if let ttft = facts.millisecondsToFirstToken { line["ttft_ms"] = "\(Int(ttft))" }
        let outcome = isGone ? "client_gone" : facts.outcome ?? facts.finishReason
        if let outcome { line["outcome"] = "\(outcome)" }
        let isQuiet = route.hasPrefix("/health") || route == "/metrics"
        logger.log(level: isQuiet ? .debug : .info, "answered", metadata: line)
    }

    static let idHeader = HTTPField.Name.named("x-request-id")

    /// The client's own name for its request, if it is a modest one.
    private static func id(_ headers: HTTPFields) -> String {
        if let given = headers[idHeader], (1...64).contains(given.utf8.count),
            given.utf8.allSatisfy({ byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || "-_.".utf8.contains(byte)
            })
        {
            return given
        }
        return UUID().uuidString.replacing("-", with: "").lowercased()
    }
}
