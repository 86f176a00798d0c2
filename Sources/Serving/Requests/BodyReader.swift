import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Synchronization

/// Reads requests' bodies into memory, within what one and all together may take.
final class BodyReader: Sendable {
    private let limit: Int
    private let allLimit: Int
    private let held = Mutex(0)

    init(_ limits: ServerOptions.Limits) {
        limit = limits.bodyBytes
        allLimit = limits.allBodyBytes
    }

    /// Bytes of bodies that are being read or taken apart.
    var heldBytes: Int { held.withLock { $0 } }

    /// Reads a body, and gives its bytes back once `body` has returned.
    ///
    /// - Throws: `APIError` 413 for one that is too large, 429 where too many are read, `.clientGone`.
    func withBody<Result>(
        of request: Request, _ context: ServerContext, _ body: (ByteBuffer) async throws -> Result
    ) async throws -> Result {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
        var taken = 0
        defer { held.withLock { $0 -= taken } }
        var buffer = ByteBuffer()
        for try await part in request.body {
            guard buffer.readableBytes + part.readableBytes <= limit else { throw tooLarge }
            guard take(part.readableBytes) else {
                throw APIError(
                    .tooManyRequests, .rateLimit, "too many large requests are being read; try again",
                    code: "overloaded",
                    retryAfterSeconds: 2)
            }
            taken += part.readableBytes
            buffer.writeImmutableBuffer(part)
        }
        // A connection that breaks ends the body early, and looks like its end.
        if context.watch?.isClosed ?? false { throw APIError.clientGone }
        return try await body(buffer)
    }

    private var tooLarge: APIError {
        APIError(
            .contentTooLarge, "the body is larger than \(limit) bytes; send smaller or fewer pictures",
            code: "body_too_large")
    }

    private func take(_ bytes: Int) -> Bool {
        held.withLock { held in
            guard held + bytes <= allLimit else { return false }
            held += bytes
            return true
        }
    }
}
