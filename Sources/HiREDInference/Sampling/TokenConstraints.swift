/// Takes tokens out of the draw: suppressed ones, those that would complete a forbidden word or repeat a run, and ends that
/// come too early.
///
/// The rules are those of Transformers 4.57.6 (generation/logits_process.py: `SuppressTokensLogitsProcessor`,
/// `SuppressTokensAtBeginLogitsProcessor`, `NoBadWordsLogitsProcessor`, `NoRepeatNGramLogitsProcessor`,
/// `MinLengthLogitsProcessor`, `MinNewTokensLengthLogitsProcessor`). Since each only takes tokens out, their order, and
/// that of penalties, does not matter.
struct TokenConstraints: Sendable {
    private let suppressed: [Int32]
    private let beginSuppressed: [Int32]
    /// Of two tokens and more.
    private let words: [[Int32]]
    private let runLength: Int
    private let minimumTokens: Int
    private let minimumLength: Int
    private let ends: [Int32]
    private let needsHistory: Bool
    /// Whether anything is asked for.
    let areInForce: Bool
    /// Prompt and answer; empty unless a rule reads it.
    private var history: [Int32] = []
    private var promptLength = 0
    private var answerLength = 0
    /// Working memory of ``forEachRepeat(_:)``.
    private var matches: [Int] = []

    /// - Parameter ends: tokens that end an answer.
    init(_ options: SamplingOptions, ends: Set<Int32> = []) {
        // A word that is just the end of an answer is no word, as in Transformers.
        let words = options.forbiddenWords.filter { $0.count != 1 || !ends.contains($0[0]) }
        suppressed = options.suppressedTokens + words.filter { $0.count == 1 }.map { $0[0] }
        beginSuppressed = options.beginSuppressedTokens
        self.words = words.filter { $0.count > 1 }
        runLength = options.noRepeatRunLength
        (minimumTokens, minimumLength) = (options.minimumTokens, options.minimumLength)
        self.ends = ends.sorted()
        needsHistory = !self.words.isEmpty || runLength > 0
        areInForce =
            needsHistory || !suppressed.isEmpty || !beginSuppressed.isEmpty
            || (!ends.isEmpty && (minimumTokens > 0 || minimumLength > 0))
    }

    /// - Parameter ids: of the whole prompt; a picture's token as often as the picture has tokens.
    mutating func accept(prompt ids: some Collection<Int32>) {
        promptLength += ids.count
        if needsHistory { history.append(contentsOf: ids) }
    }

    mutating func record(_ id: Int32) {
        answerLength += 1
        if needsHistory { history.append(id) }
    }

    /// Sets what cannot be drawn next to -infinity. O(rules), and O(prompt and answer) where runs may not repeat.
    ///
    /// - Parameter scores: [V].
    mutating func mask(_ scores: UnsafeMutableBufferPointer<Float>) {
        func forbid(_ id: Int32) {
            let index = Int(id)
            if scores.indices.contains(index) { scores[index] = -.infinity }
        }
        suppressed.forEach(forbid)
        if answerLength == 0 { beginSuppressed.forEach(forbid) }
        // Not as a sum, which could overflow.
        if answerLength < minimumTokens || promptLength < minimumLength - answerLength { ends.forEach(forbid) }
        for word in words where word.count <= history.count {
            if history.suffix(word.count - 1).elementsEqual(word.dropLast()) { forbid(word[word.count - 1]) }
        }
        if runLength > 0 { forEachRepeat(forbid) }
    }

    /// The tokens that would end a run that occurs already.
    ///
    /// Finds for every place how much of what is before it equals the end of all (the Z function of the reversed
    /// history): in linear time, whatever repeats.
    private mutating func forEachRepeat(_ body: (Int32) -> Void) {
        let (count, prefix) = (history.count, runLength - 1)
        guard count > prefix else { return }
        func reversed(_ place: Int) -> Int32 { history[count - 1 - place] }
        if matches.count < count + 1 { matches = [Int](repeating: 0, count: 2 * count + 1) }
        matches[0] = count
        var (left, right) = (0, 0)
        for place in 1...count - prefix {
            var length = place < right ? min(right - place, matches[place - left]) : 0
            while place + length < count, reversed(length) == reversed(place + length) { length += 1 }
            matches[place] = length
            if place + length > right { (left, right) = (place, place + length) }
            if length >= prefix { body(reversed(place - 1)) }
        }
    }
}
