import AsyncHTTPClient
import Dispatch
import Failures
import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Fetches pictures from the public net.
///
/// A host is resolved here, every address is checked, and the connection goes to the address that was checked: asking
/// twice could give two answers. Redirects are followed by hand and checked again.
final class RemotePictures: Sendable {
    struct Limits: Sendable {
        var bytes = 20_000_000
        var seconds = 20.0
        var redirects = 3
        /// Pictures that are fetched at once, over all requests.
        var atOnce = 16
    }

    private let limits: Limits
    private let isAllowed: @Sendable (RemoteAddress) -> Bool
    private let running = Mutex(0)

    init(_ limits: Limits = Limits(), isAllowed: @escaping @Sendable (RemoteAddress) -> Bool = { $0.isPublic }) {
        self.limits = limits
        self.isAllowed = isAllowed
    }

    /// - Parameter path: the field's name, for errors.
    func fetch(_ url: String, path: String) async throws -> Data {
        let hasPlace = running.withLock { running in
            guard running < limits.atOnce else { return false }
            running += 1
            return true
        }
        guard hasPlace else {
            throw APIError(
                .tooManyRequests, .rateLimit, "too many pictures are being fetched; try again", code: "overloaded",
                retryAfterSeconds: 2)
        }
        defer { running.withLock { $0 -= 1 } }
        return try await withThrowingTaskGroup(of: Data.self) { group in
            group.addTask { try await self.follow(url, path: path) }
            group.addTask { [limits] in
                try await Task.sleep(for: .seconds(limits.seconds))
                throw Self.failed(path, "was not there within \(limits.seconds) seconds")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? Data()
        }
    }

    private static func failed(_ path: String, _ what: String) -> APIError {
        .invalid(path, "the picture that \(path) names \(what)", code: "image_not_fetched")
    }

    private func follow(_ text: String, path: String) async throws -> Data {
        var place = URL(string: text)
        var isSecure = false
        for _ in 0...limits.redirects {
            guard let url = place?.absoluteURL, let scheme = url.scheme?.lowercased(),
                ["http", "https"].contains(scheme),
                let host = url.host(percentEncoded: false), !host.isEmpty, url.user == nil, url.password == nil
            else { throw Self.failed(path, "has no address that can be fetched; give http://HOST/… or https://HOST/…") }
            guard scheme == "https" || !isSecure else { throw Self.failed(path, "leads from https to http") }
            isSecure = scheme == "https"
            switch try await visit(url, host: host, path: path) {
            case .picture(let data): return data
            case .redirect(let location): place = URL(string: location, relativeTo: url)
            }
        }
        throw Self.failed(path, "leads on more than \(limits.redirects) times")
    }

    private enum Visit {
        case picture(Data)
        case redirect(String)
    }

    private func visit(_ url: URL, host: String, path: String) async throws -> Visit {
        let addresses = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: RemoteAddress.addresses(of: host)) }
        }
        guard let address = addresses.first else { throw Self.failed(path, "has a host that is not known") }
        // All of them: a name that has a private address among its addresses is not one to be visited.
        guard addresses.allSatisfy(isAllowed) else {
            throw Self.failed(path, "lies outside the public net, where this server fetches nothing")
        }
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow, decompression: .disabled)
        configuration.dnsOverride = [host: address.text]
        configuration.timeout = .init(connect: .seconds(10), read: .seconds(10))
        configuration.maximumUsesPerConnection = 1
        let client = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
        do {
            let visit = try await visit(url, with: client, path: path)
            try? await client.shutdown()
            return visit
        } catch {
            try? await client.shutdown()
            if error is APIError || error is CancellationError { throw error }
            throw Self.failed(path, "cannot be fetched (\(FailureText.quoted("\(error)")))")
        }
    }

    private func visit(_ url: URL, with client: HTTPClient, path: String) async throws -> Visit {
        var request = HTTPClientRequest(url: url.absoluteString)
        request.headers.add(name: "Accept", value: "image/*")
        request.headers.add(name: "User-Agent", value: "hired")
        let response = try await client.execute(request, timeout: .nanoseconds(Int64(limits.seconds * 1e9)))
        switch response.status {
        case .ok:
            let length = response.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
            guard length <= limits.bytes else { throw tooLarge(path) }
            do {
                let body = try await response.body.collect(upTo: limits.bytes)
                return .picture(Data(body.readableBytesView))
            } catch is NIOTooManyBytesError { throw tooLarge(path) }
        case .movedPermanently, .found, .seeOther, .temporaryRedirect, .permanentRedirect:
            guard let location = response.headers.first(name: "Location") else {
                throw Self.failed(path, "leads on to nowhere")
            }
            return .redirect(location)
        default: throw Self.failed(path, "was answered with the status \(response.status.code)")
        }
    }

    private func tooLarge(_ path: String) -> APIError { Self.failed(path, "is larger than \(limits.bytes) bytes") }
}
