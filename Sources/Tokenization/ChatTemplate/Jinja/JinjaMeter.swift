/// Counts what a rendering costs, so that no template can take more time or memory than it may. Counted, not measured:
/// a template that renders on one machine renders on all.
final class JinjaMeter {
    /// Evaluations, and one for every 32 bytes that an operation touches: about two seconds of the slowest.
    static let mostSteps = 2_000_000
    /// Of all values made, alive or not.
    static let mostBytes = 24 << 20
    static let mostOutput = 4 << 20
    /// Statements, expressions and macros within each other while rendering: they share a thread's stack.
    static let deepest = 96
    /// Containers within each other.
    static let deepestValue = 64
    /// What a value takes in a list.
    static let valueSize = 32

    static let deepValue = JinjaError.tooLarge("makes values that nest deeper than \(deepestValue) levels")

    private var steps = 0
    private var bytes = 0
    private var output = 0
    private var depth = 0
    private var clearables: [any JinjaClearable] = []

    func step(_ count: Int = 1) throws {
        steps += count
        guard steps <= Self.mostSteps else { throw JinjaError.tooLarge("does not come to an end") }
    }

    /// For an operation that reads so many bytes.
    func touch(_ count: Int) throws { try step(1 + count >> 5) }

    /// For an operation that asks what kind of character each is, which is slow.
    func touchCharacters(_ count: Int) throws { try touch(count * 16) }

    /// Before so many bytes are made.
    func make(_ count: Int) throws {
        guard count <= Self.mostBytes - bytes else {
            throw JinjaError.tooLarge("makes more than \(Self.mostBytes >> 20) MB of values")
        }
        bytes += count
        try touch(count)
    }

    /// Before so many values are put into a list.
    func makeItems(_ count: Int) throws {
        guard count <= Self.mostBytes / Self.valueSize else { return try make(Int.max) }
        try make(64 + count * Self.valueSize)
    }

    func write(_ count: Int) throws {
        output += count
        guard output <= Self.mostOutput else {
            throw JinjaError.tooLarge("writes more than \(Self.mostOutput >> 20) MB")
        }
        try touch(count)
    }

    func enter() throws {
        depth += 1
        guard depth <= Self.deepest else { throw JinjaError.tooLarge("nests deeper than \(Self.deepest) levels") }
    }

    func leave() { depth -= 1 }

    /// Keeps an object until the end, so that none is freed by another: a chain of them could be long.
    func keep(_ object: any JinjaClearable, size: Int = 256) throws {
        try make(size)
        clearables.append(object)
    }

    func clear() {
        for object in clearables { object.clear() }
        clearables = []
    }
}
