import NIOCore

/// A body in pieces, so that it is known when its last byte was taken.
struct BodyChunks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: ByteBuffer
    /// A piece has left; the last one where nothing is left.
    let onPiece: @Sendable (_ isLast: Bool) -> Void

    private static let size = 256 << 10

    func makeAsyncIterator() -> Iterator { Iterator(rest: body, onPiece: onPiece) }

    struct Iterator: AsyncIteratorProtocol {
        var rest: ByteBuffer
        let onPiece: @Sendable (Bool) -> Void
        private var hasStarted = false

        init(rest: ByteBuffer, onPiece: @escaping @Sendable (Bool) -> Void) {
            self.rest = rest
            self.onPiece = onPiece
        }

        // Asked for the next piece when the one before was written.
        mutating func next() async -> ByteBuffer? {
            if hasStarted { onPiece(rest.readableBytes == 0) }
            hasStarted = true
            guard rest.readableBytes > 0 else { return nil }
            return rest.readSlice(length: Swift.min(BodyChunks.size, rest.readableBytes))
        }
    }
}
