import Dispatch
import Foundation
import HTTPTypes
import HiREDInference
import Hummingbird
import HummingbirdCore
import NIOCore
import OrderedJSON

/// From an HTTP request to what it asks: its body is read, taken apart, and its pictures are gathered.
struct RequestIntake: Sendable {
    let options: ServerOptions
    let reader: BodyReader
    let remote: RemotePictures?

    /// Taking large bodies apart takes tens of milliseconds, in which nobody else should wait.
    private static let pool = DispatchQueue(label: "hired.serving.intake", attributes: .concurrent)
    private static let largeBody = 256 << 10

    /// A body's JSON, and the files beside it.
    struct Parts: Sendable {
        var json: JSONValue
        var files: [String: Data] = [:]
    }

    /// Reads a request for chat completions.
    ///
    /// - Parameter build: makes the engine's request of it.
    func chat<Result: Sendable>(
        _ request: Request, _ context: ServerContext,
        _ build: @Sendable @escaping (ChatRequest, [Data]) throws -> Result
    ) async throws -> (ChatRequest, Result) {
        try await withParts(request, context) { parts in
            try ChatRequest(parts.json, rules: RequestBuilder(options: options).rules)
        } then: { chat, files in
            let pictures = try await pictures(chat.pictures, files: files)
            return (chat, try build(chat, pictures))
        }
    }

    /// Reads a request, takes it apart beside the cooperative pool, and hands out what `read` makes of it.
    func withParts<Value: Sendable, Result>(
        _ request: Request, _ context: ServerContext, read: @Sendable @escaping (Parts) throws -> Value,
        then body: (Value, [String: Data]) async throws -> Result
    ) async throws -> Result {
        let format = try BodyFormat(request.headers[.contentType])
        return try await reader.withBody(of: request, context) { buffer in
            let limits = JSONLimits(bytes: options.limits.bodyBytes, depth: 64, values: 1 << 18)
            let (value, files) = try await Self.apart(buffer.readableBytes) {
                let parts = try format.parts(buffer, limits: limits)
                return (try read(parts), parts.files)
            }
            return try await body(value, files)
        }
    }

    private static func apart<Value: Sendable>(
        _ bytes: Int, _ body: @Sendable @escaping () throws -> Value
    ) async throws -> Value {
        guard bytes > largeBody else { return try body() }
        return try await withCheckedThrowingContinuation { continuation in
            pool.async { continuation.resume(with: Result { try body() }) }
        }
    }

    /// The bytes of a request's pictures, in order.
    func pictures(_ pictures: [ChatRequest.Picture], files: [String: Data]) async throws -> [Data] {
        var result: [Data] = []
        for picture in pictures {
            switch picture.reference {
            case .data(let data): result.append(data)
            case .attachment(let name):
                guard let data = files[name] else {
                    throw APIError.invalid(
                        picture.path,
                        "\(picture.path) names the attachment \(FailureText.quoted(name)), and there is none; send it as a "
                            + "file of that name in multipart/form-data", code: "missing_attachment")
                }
                result.append(data)
            case .remote(let url):
                guard let remote else {
                    throw APIError.invalid(
                        picture.path,
                        "\(picture.path) is an address in the net, and this server fetches none; give a data: URL",
                        code: "remote_images_disabled")
                }
                result.append(try await remote.fetch(url, path: picture.path))
            }
        }
        return result
    }
}

/// How a body is written.
enum BodyFormat: Sendable {
    case json
    case multipart(boundary: String)

    init(_ contentType: String?) throws(APIError) {
        let type = contentType ?? "application/json"
        let name = type.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
        switch name {
        case "application/json": self = .json
        case "multipart/form-data":
            guard let boundary = Multipart.parameter("boundary", of: type), (1...70).contains(boundary.utf8.count)
            else {
                throw APIError(
                    .badRequest, "multipart/form-data needs a boundary of 1 to 70 characters", code: "invalid_multipart"
                )
            }
            self = .multipart(boundary: boundary)
        default:
            throw APIError(
                .unsupportedMediaType,
                "the body is \(FailureText.quoted(name)); send application/json or "
                    + "multipart/form-data", code: "unsupported_media_type")
        }
    }

    func parts(_ buffer: ByteBuffer, limits: JSONLimits) throws -> RequestIntake.Parts {
        switch self {
        case .json: return .init(json: try JSONValue(parsing: Array(buffer.readableBytesView), limits: limits))
        case .multipart(let boundary):
            var files: [String: Data] = [:]
            var json: JSONValue?
            for part in try Multipart.parts(Array(buffer.readableBytesView), boundary: boundary) {
                if part.name == "request", part.fileName == nil || json == nil {
                    guard json == nil else { throw Multipart.damaged("the field request is given twice") }
                    json = try JSONValue(parsing: Array(part.content), limits: limits)
                } else {
                    // By the field's name, or the file's.
                    for name in Set([part.name, part.fileName].compactMap { $0 }) {
                        guard files.updateValue(Data(part.content), forKey: name) == nil else {
                            throw Multipart.damaged("the file \(FailureText.quoted(name)) is given twice")
                        }
                    }
                }
            }
            guard let json else { throw Multipart.damaged("the field request, which holds the JSON, is missing") }
            return .init(json: json, files: files)
        }
    }
}
