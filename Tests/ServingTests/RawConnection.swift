import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A client that sends whatever bytes it likes, and goes when it likes.
///
/// `@unchecked Sendable`: a test uses it from one task at a time.
final class RawConnection: @unchecked Sendable {
    private var descriptor: Int32

    /// - Parameter host: an address in numbers, of IPv4 or IPv6.
    init(port: Int, host: String = "127.0.0.1") throws {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        #if canImport(Darwin)
            hints.ai_socktype = SOCK_STREAM
        #else
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #endif
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &found) == 0, let place = found else {
            throw POSIXError(.EADDRNOTAVAIL)
        }
        defer { freeaddrinfo(found) }
        let opened = socket(place.pointee.ai_family, place.pointee.ai_socktype, 0)
        guard connect(opened, place.pointee.ai_addr, place.pointee.ai_addrlen) == 0 else {
            close(opened)
            throw POSIXError(.ECONNREFUSED)
        }
        descriptor = opened
    }

    deinit { end() }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// What comes until `isWhole`, the end of the connection, or ten seconds of silence.
    func receive(until isWhole: (@Sendable (String) -> Bool)? = nil) async -> (
        text: String, isClosed: Bool
    ) {
        let descriptor = descriptor
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 1 << 16)
                while true {
                    var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                    guard poll(&ready, 1, 10_000) > 0 else {
                        return continuation.resume(returning: (String(decoding: bytes, as: UTF8.self), false))
                    }
                    let count = read(descriptor, &buffer, buffer.count)
                    guard count > 0 else {
                        return continuation.resume(returning: (String(decoding: bytes, as: UTF8.self), true))
                    }
                    bytes += buffer[..<count]
                    guard let isWhole else { continue }
                    let text = String(decoding: bytes, as: UTF8.self)
                    if isWhole(text) { return continuation.resume(returning: (text, false)) }
                }
            }
        }
    }

    /// Goes away.
    func end() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
    }
}
