import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One request to an HTTP server and its answer, over a connection of its own; no encryption.
///
/// Foundation's client would bring curl, and with it encryption, into a program that needs neither.
struct HTTPExchange: Sendable {
    struct Response: Sendable {
        var status: Int
        /// Names in lower case.
        var headers: [String: String]
        var body: Data
    }

    let host: String
    let port: String
    /// What stands before the server's own paths; empty for nothing.
    let prefix: String

    /// - Parameter address: as in `http://127.0.0.1:8000`; a path of `/v1` at its end is passed over.
    /// - Throws: `EvaluationError.server` for anything else.
    init(_ address: String) throws(EvaluationError) {
        guard let parts = URLComponents(string: address), parts.scheme == "http", let host = parts.host, !host.isEmpty,
            parts.query == nil, parts.user == nil
        else {
            throw .server(
                "cannot be reached at '\(address)'",
                remedy: "give an address such as http://127.0.0.1:8000; https is not spoken")
        }
        self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        port = String(parts.port ?? 80)
        var path = parts.path
        while path.hasSuffix("/") { path.removeLast() }
        prefix = path.hasSuffix("/v1") ? String(path.dropLast(3)) : path
    }

    /// Sends a request and waits for the whole answer, on a thread of its own.
    ///
    /// - Throws: `EvaluationError.server`.
    func send(_ method: String, _ path: String, body: Data = Data(), headers: [String: String] = [:]) async throws
        -> Response
    {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try exchange(method, path, body, headers) })
            }
        }
    }

    private func failure(_ problem: String) -> EvaluationError {
        .server("at \(host):\(port) \(problem)", remedy: "see whether it runs, and run again: what is answered is kept")
    }

    private func exchange(_ method: String, _ path: String, _ body: Data, _ headers: [String: String]) throws
        -> Response
    {
        let descriptor = try connect()
        defer { close(descriptor) }
        var head = "\(method) \(prefix)\(path) HTTP/1.1\r\nHost: \(host):\(port)\r\nConnection: close\r\n"
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) { head += "\(name): \(value)\r\n" }
        if !body.isEmpty { head += "Content-Type: application/json\r\n" }
        head += "Content-Length: \(body.count)\r\n\r\n"
        var rest = (Data(head.utf8) + body)[...]
        while !rest.isEmpty {
            // A connection that is gone is an error of the write, and no signal.
            #if canImport(Darwin)
                let count = rest.withUnsafeBytes { Darwin.send(descriptor, $0.baseAddress, $0.count, 0) }
            #elseif canImport(Glibc)
                let count = rest.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
            #else
                let count = rest.withUnsafeBytes {
                    Musl.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
            #endif
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                // It may have answered before it has read everything, as with a request that is too large.
                break
            }
        }
        return try parse(try readAll(descriptor))
    }

    private func connect() throws(EvaluationError) -> Int32 {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Darwin)
            hints.ai_socktype = SOCK_STREAM
        #else
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #endif
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, port, &hints, &found) == 0 else { throw failure("has no address") }
        defer { freeaddrinfo(found) }
        var next = found
        var problem: Int32 = 0
        while let address = next {
            let descriptor = socket(address.pointee.ai_family, address.pointee.ai_socktype, address.pointee.ai_protocol)
            if descriptor >= 0 {
                #if canImport(Darwin)
                    let status = Darwin.connect(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen)
                #elseif canImport(Glibc)
                    let status = Glibc.connect(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen)
                #else
                    let status = Musl.connect(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen)
                #endif
                #if canImport(Darwin)
                    var isOn: Int32 = 1
                    setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &isOn, socklen_t(MemoryLayout<Int32>.size))
                #endif
                if status == 0 { return descriptor }
                problem = errno
                close(descriptor)
            }
            next = address.pointee.ai_next
        }
        throw failure("does not answer: \(String(cString: strerror(problem)))")
    }

    private func readAll(_ descriptor: Int32) throws(EvaluationError) -> Data {
        var all = Data()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count > 0 {
                all.append(contentsOf: buffer[..<count])
                guard all.count <= 1 << 26 else { throw failure("says more than 64 MB") }
            } else if count == 0 {
                return all
            } else if errno != EINTR {
                // A server that closes with part of a request unread; what it said counts.
                if !all.isEmpty { return all }
                throw failure("broke off: \(String(cString: strerror(errno)))")
            }
        }
    }

    func parse(_ bytes: Data) throws(EvaluationError) -> Response {
        guard let end = bytes.range(of: Data("\r\n\r\n".utf8)) else { throw failure("broke off") }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw failure("does not speak HTTP")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        let rest = Data(bytes[end.upperBound...])
        if headers["transfer-encoding"]?.lowercased() == "chunked" {
            return Response(status: status, headers: headers, body: try unchunked(rest))
        }
        if let length = headers["content-length"].flatMap(Int.init) {
            guard length >= 0, rest.count >= length else { throw failure("broke off") }
            return Response(status: status, headers: headers, body: Data(rest.prefix(length)))
        }
        return Response(status: status, headers: headers, body: rest)
    }

    private func unchunked(_ bytes: Data) throws(EvaluationError) -> Data {
        var (rest, body) = (bytes[...], Data())
        while true {
            guard let end = rest.range(of: Data("\r\n".utf8)),
                let length = Int(
                    String(decoding: rest[..<end.lowerBound], as: UTF8.self).split(separator: ";").first ?? "",
                    radix: 16),
                length >= 0, rest.distance(from: end.upperBound, to: rest.endIndex) >= length
            else { throw failure("broke off") }
            if length == 0 { return body }
            body += rest[end.upperBound..<(end.upperBound + length)]
            rest = rest[(end.upperBound + length)...].dropFirst(2)
        }
    }
}
