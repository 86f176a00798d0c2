import OrderedJSON

/// Byte-pair encoding: characters become tokens, neighbours merge in the order of their rank.
struct BytePairEncoder: Sendable {
    private struct Pair: Hashable {
        var left: Int32
        var right: Int32
    }

    private struct Merge {
        var rank: Int32
        var token: Int32
    }

    /// One-character tokens by scalar; the whole vocabulary by text is the tokenizer's.
    private let scalars: [Unicode.Scalar: Int32]
    private let merges: [Pair: Merge]
    /// Tokens of the 256 bytes, when all exist and the file asks for the fallback.
    private let byteTokens: [Int32]?
    private let unknown: Int32?
    private let fusesUnknown: Bool
    /// Set when whole words may be looked up before merging.
    private let words: [ByteExactString: Int32]?

    init(
        _ model: TokenizerFile.Model, merges pairs: [(left: String, right: String)],
        vocabulary: [ByteExactString: Int32], path: String
    ) throws(TokenizerError) {
        var scalars: [Unicode.Scalar: Int32] = [:]
        for (text, id) in vocabulary {
            var view = text.text.unicodeScalars.makeIterator()
            if let only = view.next(), view.next() == nil { scalars[only] = id }
        }
        self.scalars = scalars
        var merges: [Pair: Merge] = [:]
        merges.reserveCapacity(pairs.count)
        for (rank, merge) in pairs.enumerated() {
            guard let left = vocabulary[ByteExactString(merge.left)],
                let right = vocabulary[ByteExactString(merge.right)],
                let token = vocabulary[ByteExactString(merge.left + merge.right)]
            else {
                throw .malformed(
                    path: path,
                    reason: "the merge of '\(merge.left)' and '\(merge.right)' names a token that is not there")
            }
            let pair = Pair(left: left, right: right)
            // A pair that stands twice keeps its last rank, as in the reference.
            merges[pair] = Merge(rank: Int32(rank), token: token)
        }
        self.merges = merges
        if model.byte_fallback == true {
            let digits = Array("0123456789ABCDEF")
            let tokens = (0..<256).map { vocabulary[ByteExactString("<0x\(digits[$0 >> 4])\(digits[$0 & 15])>")] }
            byteTokens = tokens.contains(nil) ? nil : tokens.compactMap { $0 }
        } else {
            byteTokens = nil
        }
        unknown = model.unk_token.flatMap { vocabulary[ByteExactString($0)] }
        fusesUnknown = model.fuse_unk ?? false
        words = model.ignore_merges == true ? vocabulary : nil
    }

    /// Appends the tokens of a word. O(n log n) in its length.
    func encode(_ word: Substring, into result: inout [Int32]) {
        if let token = words?[ByteExactString(String(word))] {
            result.append(token)
            return
        }
        var symbols: [Int32] = []
        symbols.reserveCapacity(word.utf8.count)
        var afterUnknown = false
        for scalar in word.unicodeScalars {
            if let token = scalars[scalar] {
                symbols.append(token)
                afterUnknown = false
            } else if let byteTokens {
                for byte in String(scalar).utf8 { symbols.append(byteTokens[Int(byte)]) }
                afterUnknown = false
            } else if let unknown {
                if !(afterUnknown && fusesUnknown) { symbols.append(unknown) }
                afterUnknown = true
            }
        }
        merge(&symbols)
        result += symbols
    }

    /// A possible merge of the symbol at a place with its right neighbour.
    private struct Candidate {
        var rank: Int32
        var place: Int32
        var left: Int32
        var right: Int32

        static func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
            a.rank != b.rank ? a.rank < b.rank : a.place < b.place
        }
    }

    private func merge(_ symbols: inout [Int32]) {
        guard symbols.count > 1 else { return }
        let end = Int32(symbols.count)
        var next = (1...end).map { $0 }
        var previous = (0..<end).map { $0 - 1 }
        var heap = Heap<Candidate>(Candidate.precedes)

        func consider(_ place: Int32) {
            guard place >= 0, next[Int(place)] < end else { return }
            let (left, right) = (symbols[Int(place)], symbols[Int(next[Int(place)])])
            if let merge = merges[Pair(left: left, right: right)] {
                heap.push(Candidate(rank: merge.rank, place: place, left: left, right: right))
            }
        }
        for place in 0..<(end - 1) { consider(place) }
        while let candidate = heap.pop() {
            let place = Int(candidate.place)
            // Symbols that have merged since then make a candidate void; -1 marks one that is gone.
            guard symbols[place] == candidate.left, next[place] < end,
                symbols[Int(next[place])] == candidate.right,
                let merge = merges[Pair(left: candidate.left, right: candidate.right)]
            else { continue }
            let gone = Int(next[place])
            symbols[place] = merge.token
            symbols[gone] = -1
            next[place] = next[gone]
            if next[gone] < end { previous[Int(next[gone])] = candidate.place }
            consider(previous[place])
            consider(candidate.place)
        }
        symbols.removeAll { $0 < 0 }
    }
}

/// A binary heap, smallest first. Small enough that a dependency for it would weigh more.
struct Heap<Element> {
    private var elements: [Element] = []
    private let precedes: (Element, Element) -> Bool

    init(_ precedes: @escaping (Element, Element) -> Bool) { self.precedes = precedes }

    mutating func push(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(elements[child], elements[parent]) else { break }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop() -> Element? {
        guard let first = elements.first, let last = elements.popLast() else { return nil }
        guard !elements.isEmpty else { return first }
        elements[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < elements.count {
                if precedes(elements[child], elements[least]) { least = child }
            }
            guard least != parent else { return first }
            elements.swapAt(parent, least)
            parent = least
        }
    }
}
