import HTTPTypes
import Hummingbird
import HummingbirdCore
import OrderedJSON

/// What an HTTP client is told when it gets no answer: a status, and OpenAI's error object.
struct APIError: Error, Sendable, Equatable {
    /// OpenAI's `type`: what sort of error it is, more coarsely than `code`.
    enum Kind: String, Sendable {
        case invalidRequest = "invalid_request_error"
        case authentication = "authentication_error"
        case permission = "permission_error"
        case notFound = "not_found_error"
        case rateLimit = "rate_limit_error"
        case server = "server_error"
    }

    var status: HTTPResponse.Status
    var kind: Kind
    var message: String
    /// The field that it is about, as in `messages[0].content[1].image_url`.
    var parameter: String?
    var code: String?
    var retryAfterSeconds: Int?
    /// Of single answers to single faults.
    var headers: HTTPFields = [:]

    init(
        _ status: HTTPResponse.Status, _ kind: Kind, _ message: String, parameter: String? = nil, code: String? = nil,
        retryAfterSeconds: Int? = nil
    ) {
        self.status = status
        self.kind = kind
        self.message = message
        self.parameter = parameter
        self.code = code
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// Most of them.
    init(
        _ status: HTTPResponse.Status, _ message: String, parameter: String? = nil, code: String? = nil
    ) {
        self.init(status, .invalidRequest, message, parameter: parameter, code: code)
    }

    /// A field that cannot be what it is.
    static func invalid(_ parameter: String?, _ message: String, code: String? = "invalid_value") -> APIError {
        APIError(.badRequest, message, parameter: parameter, code: code)
    }

    /// Something of OpenAI's that is known here and not done.
    static func unsupported(_ parameter: String, _ message: String) -> APIError {
        APIError(.badRequest, message, parameter: parameter, code: "unsupported_parameter")
    }

    /// The client went away; nobody reads what it is told. 499 is nginx's name for it, and stands in logs and metrics.
    static let clientGone = APIError(
        .init(code: 499, reasonPhrase: "Client Closed Request"), "the client went away", code: "client_gone")

    /// OpenAI's error object.
    var body: JSONValue {
        [
            "error": [
                "message": .string(message), "type": .string(kind.rawValue), "param": JSONValue(parameter),
                "code": JSONValue(code),
            ]
        ]
    }

    var response: Response {
        var response = JSONAnswer.response(body, status: status)
        response.headers.append(contentsOf: headers)
        if let retryAfterSeconds { response.headers[.retryAfter] = "\(retryAfterSeconds)" }
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}
