package import Failures
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import NIOCore
import NIOSSL

/// Where a server listens, and how it proves who it is.
package struct ListeningPlace: Sendable {
    package var host: String
    package var port: Int
    /// PEM files of a certificate with its chain, and of its key.
    package var tls: (certificate: String, key: String)?

    package init(host: String, port: Int, tls: (certificate: String, key: String)? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
    }

    /// `localhost` is two addresses: clients try either.
    var addresses: [String] {
        guard host == "localhost" else { return [host] }
        return Self.hasLoopback6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"]
    }

    /// Containers often have no IPv6 at all.
    private static var hasLoopback6: Bool {
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_addr = in6addr_loopback
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
            }
        }
    }

    func url(_ address: String, _ port: Int?) -> String {
        let host = address.contains(":") ? "[\(address)]" : address
        return "\(tls == nil ? "http" : "https")://\(host):\(port ?? self.port)"
    }

    func builder(_ channel: HTTP1Channel.Configuration, options: ServerOptions) throws -> HTTPServerBuilder {
        guard let tls else { return .http1(configuration: channel) }
        var configuration: TLSConfiguration
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(tls.certificate).map {
                NIOSSLCertificateSource.certificate($0)
            }
            guard !chain.isEmpty else { throw ServingError.certificate(tls.certificate, "holds no certificate") }
            configuration = .makeServerConfiguration(
                certificateChain: chain, privateKey: .privateKey(try NIOSSLPrivateKey(file: tls.key, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            // Read here, so that a key of another certificate is told before anybody asks.
            _ = try NIOSSLContext(configuration: configuration)
        } catch let error as ServingError { throw error } catch {
            throw ServingError.certificate(
                "\(tls.certificate) and \(tls.key)", "cannot be used together as PEM files (\(error))")
        }
        let idle = Duration.seconds(options.timeouts.idle)
        let handshake = TimeAmount.nanoseconds(Int64(options.timeouts.header * 1e9))
        return HTTPServerBuilder { [configuration] responder in
            let base = try HTTP2UpgradeChannel(
                tlsChannelConfiguration: .init(tlsConfiguration: configuration),
                configuration: .init(
                    idleTimeout: idle, gracefulCloseTimeout: .seconds(10), streamConfiguration: channel),
                responder: responder)
            return PunctualChannel(base: base, handshake: handshake)
        }
    }
}

/// Why a server cannot listen.
package enum ServingError: Failure {
    case place(String, reason: String, isTaken: Bool)
    case certificate(String, String)

    init(_ error: IOError, at place: ListeningPlace) {
        self = .place(
            "\(place.host):\(place.port)", reason: String(cString: strerror(error.errnoCode)),
            isTaken: error.errnoCode == EADDRINUSE)
    }

    package var kind: FailureKind {
        switch self {
        case .place: .invalidRequest
        case .certificate: .damagedFile
        }
    }

    package var subject: FailureSubject? {
        switch self {
        case .place(let place, _, _): .named(place)
        case .certificate(let files, _): .file(files)
        }
    }

    package var problem: String {
        switch self {
        case .place(_, let reason, _): "cannot be listened at: \(reason)"
        case .certificate(_, let what): what
        }
    }

    package var remedy: Remedy? {
        switch self {
        case .place(_, _, let isTaken):
            .advice(isTaken ? "end what listens there, or give another port" : "give another host or port")
        case .certificate: .advice("give a certificate with its chain, and its key, as PEM files")
        }
    }
}
