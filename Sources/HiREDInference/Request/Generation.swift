/// A request that is being answered, as a stream of events.
///
/// Ends with `.finished`, or throws. Cancelling it, or the task that iterates, ends it at once: its last event is then
/// `.finished` with the reason `cancelled`. When nobody holds it or iterates over it any more, it is cancelled too.
public struct Generation: AsyncSequence, Sendable {
    public typealias Element = GenerationEvent

    let buffer: EventBuffer
    private let lifetime: Lifetime

    init(_ channel: RequestChannel, buffer: EventBuffer) {
        self.buffer = buffer
        lifetime = Lifetime(channel)
    }

    private final class Lifetime: Sendable {
        let channel: RequestChannel
        init(_ channel: RequestChannel) { self.channel = channel }
        deinit { channel.cancel() }
    }

    /// Unique among the requests of a model.
    public var id: UInt64 { lifetime.channel.id }

    /// Gives the request up, in any stage. Returns at once.
    public func cancel() { lifetime.channel.cancel() }

    public func makeAsyncIterator() -> Iterator { Iterator(generation: self) }

    public struct Iterator: AsyncIteratorProtocol, Sendable {
        let generation: Generation

        public func next() async throws -> GenerationEvent? {
            try await withTaskCancellationHandler {
                try await generation.buffer.next()
            } onCancel: {
                generation.cancel()
            }
        }
    }
}
