/// Ends a text before the first of some stop strings, while the text still arrives in pieces.
///
/// The stop string whose last byte comes first ends the text; of several that end with the same byte, the longest.
/// So the outcome does not depend on how the text is cut into pieces. Texts are compared by their UTF-8 bytes: stop
/// strings and pieces are whole scalars, therefore so is what is given out.
///
/// Each string is matched after Knuth, Morris and Pratt (SIAM J. Comput. 6, 1977): a piece costs O(its bytes × strings),
/// however long the text is. What may be the beginning of a stop string is held back, at most the longest string.
///
/// It knows text, not models, and stands with `StreamingDetokenizer`, whose pieces it reads.
public struct StopMatcher: Sendable {
    private struct Pattern: Sendable {
        let bytes: [UInt8]
        /// Of each prefix, the length of its longest proper suffix that is a prefix too.
        let borders: [Int]
        /// Bytes of the pattern that the text ends with; never all of them between steps.
        var matched = 0

        init(_ text: String) {
            let bytes = Array(text.utf8)
            var borders = [0]
            var length = 0
            for byte in bytes.dropFirst() {
                while length > 0, bytes[length] != byte { length = borders[length - 1] }
                if bytes[length] == byte { length += 1 }
                borders.append(length)
            }
            self.bytes = bytes
            self.borders = borders
        }

        /// - Returns: whether the text now ends with the whole pattern.
        mutating func advance(_ byte: UInt8) -> Bool {
            while matched > 0, bytes[matched] != byte { matched = borders[matched - 1] }
            if bytes[matched] == byte { matched += 1 }
            return matched == bytes.count
        }
    }

    private var patterns: [Pattern]
    /// The beginning of a stop string, perhaps.
    private var held: [UInt8] = []
    /// Whether a stop string was found. Nothing is given out from then on.
    public private(set) var isStopped = false

    /// Empty strings are left out: they would end every text before it begins.
    public init(_ stops: [String]) {
        patterns = stops.filter { !$0.isEmpty }.map { Pattern($0) }
    }

    /// Adds a piece.
    ///
    /// - Returns: what certainly stands before any stop string; may be empty.
    public mutating func append(_ piece: String) -> String {
        guard !isStopped else { return "" }
        guard !patterns.isEmpty else { return piece }
        for byte in piece.utf8 {
            held.append(byte)
            var longest = 0
            for index in patterns.indices where patterns[index].advance(byte) {
                longest = max(longest, patterns[index].bytes.count)
            }
            if longest > 0 {
                isStopped = true
                return release(held.count - longest)
            }
        }
        let waiting = patterns.reduce(0) { max($0, $1.matched) }
        return release(held.count - waiting)
    }

    /// The text that was held back because it might have been a stop string.
    public mutating func finish() -> String { isStopped ? "" : release(held.count) }

    private mutating func release(_ count: Int) -> String {
        guard count > 0 else { return "" }
        defer { held.removeFirst(count) }
        return String(decoding: held[..<count], as: UTF8.self)
    }
}
