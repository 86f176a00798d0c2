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

    init(port: Int) throws {
        #if canImport(Darwin)
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw POSIXError(.ECONNREFUSED) }
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
