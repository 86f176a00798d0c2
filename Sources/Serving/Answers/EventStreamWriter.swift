import Hummingbird
import HummingbirdCore
import NIOCore
import OrderedJSON

/// Server-sent events, written to a client as they come.
struct EventStreamWriter {
    private var writer: any ResponseBodyWriter
    private(set) var lastWrite = ContinuousClock.now

    init(_ writer: any ResponseBodyWriter) { self.writer = writer }

    /// - Parameter name: of an event that is none of OpenAI's.
    mutating func send(_ value: JSONValue, name: String? = nil) async throws {
        var buffer = ByteBuffer()
        if let name { buffer.writeString("event: \(name)\n") }
        buffer.writeString("data: ")
        buffer.writeBytes(JSONAnswer.bytes(value))
        buffer.writeString("\n\n")
        try await write(buffer)
    }

    /// A comment, which clients pass over and proxies count as life.
    mutating func ping() async throws { try await write(ByteBuffer(string: ": ping\n\n")) }

    mutating func done() async throws { try await write(ByteBuffer(string: "data: [DONE]\n\n")) }

    private mutating func write(_ buffer: ByteBuffer) async throws {
        lastWrite = .now
        try await writer.write(buffer)
    }

    consuming func finish() async throws { try await writer.finish(nil) }
}
