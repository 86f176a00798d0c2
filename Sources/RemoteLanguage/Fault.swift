import AsyncHTTPClient
import Foundation
import HiREDInference
import NIOCore
import NIOPosix

/// What a failed exchange means: for the caller, for the server's standing, and for another try.
struct Fault {
    let error: RemoteLanguageError
    let isRetryable: Bool
    let outcome: UpstreamPool.Outcome

    /// - Parameter hasBegun: tokens had come: nothing is tried again, since the caller has seen them.
    init(_ failure: any Error, url: String, hasBegun: Bool) {
        let told = failure as? RemoteLanguageError
        let text = Self.text(of: failure)
        switch told {
        case .refused(_, let status, _)? where [408, 425, 429].contains(status):
            (isRetryable, outcome) = (true, .neutral)
        case .refused(_, let status, _)? where status >= 500: (isRetryable, outcome) = (true, .failure(text))
        case .refused?, .mismatch?, .invalidAddress?, .unsendable?, .missing?:
            (isRetryable, outcome) = (false, .neutral)
        case .protocolViolation?: (isRetryable, outcome) = (false, .failure(text))
        case .timedOut?: (isRetryable, outcome) = (false, .failure(text))
        case .interrupted?: (isRetryable, outcome) = (!hasBegun, .failure(text))
        case .unavailable?: (isRetryable, outcome) = (!hasBegun, .unreachable(text))
        case nil:
            (isRetryable, outcome) = (!hasBegun, Self.isUnreachable(failure) ? .unreachable(text) : .failure(text))
        }
        error =
            told
            ?? (Self.isUnreachable(failure) ? .unavailable("\(url): \(text)") : .interrupted(url: url, reason: text))
    }

    /// No connection came to be.
    static func isUnreachable(_ error: any Error) -> Bool {
        switch error {
        case is NIOConnectionError: true
        case let error as HTTPClientError: error == .connectTimeout
        case let error as IOError: error.errnoCode == 111 || error.errnoCode == 61
        default: false
        }
    }

    static func text(of error: any Error) -> String {
        switch error {
        case let error as RemoteLanguageError: error.problem
        case let error as NIOConnectionError:
            "no connection to \(error.host):\(error.port)"
                + (error.connectionErrors.first.map { " (\(text(of: $0.error)))" } ?? "")
        case let error as HTTPClientError: error.shortDescription
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)"
        }
    }
}
