import Crypto
import Scheduling
import VisionEncoding

/// Every known token of a sequence: text and pictures of the prompt, then what was generated.
struct PromptContent {
    private enum Piece {
        case text([Int32])
        case image(ImageEmbeddings)

        var count: Int {
            switch self {
            case .text(let ids): ids.count
            case .image(let image): image.count
            }
        }

        /// Position ids that it takes up.
        var span: Int { if case .image(let image) = self { image.span } else { count } }

        /// Position of one of its tokens, counted from its own first.
        func position(of token: Int) -> Int {
            if case .image(let image) = self, let positions = image.positions { positions[token] } else { token }
        }
    }

    private let pieces: [Piece]
    let promptLength: Int
    /// Position ids that the prompt takes up: as many as it has tokens, unless pictures keep their full sequences'.
    let promptSpan: Int
    private(set) var generated: [Int32] = []
    private var keys: [BlockKey] = []
    /// Continues over the blocks that have a key.
    private var chain: SHA256.Digest?

    /// - Parameters:
    ///   - ids: one image token for each picture.
    ///   - images: in the order of their places.
    init(_ ids: [Int32], imageToken: Int32, images: [ImageEmbeddings]) {
        var pieces: [Piece] = []
        var text: [Int32] = []
        var images = images[...]
        for id in ids {
            if id == imageToken, let image = images.popFirst() {
                if !text.isEmpty { pieces.append(.text(text)) }
                text = []
                pieces.append(.image(image))
            } else {
                text.append(id)
            }
        }
        if !text.isEmpty { pieces.append(.text(text)) }
        self.pieces = pieces
        promptLength = pieces.reduce(0) { $0 + $1.count }
        promptSpan = pieces.reduce(0) { $0 + $1.span }
    }

    /// The prompt, with a picture's token as often as the picture has tokens.
    func promptIDs(imageToken: Int32) -> [Int32] {
        pieces.flatMap { piece in
            switch piece {
            case .text(let ids): ids
            case .image(let image): [Int32](repeating: imageToken, count: image.count)
            }
        }
    }

    mutating func append(_ token: Int32) { generated.append(token) }

    /// Writes the embeddings of positions: pictures at once, text through the embedder's next flush.
    func write(
        _ positions: Range<Int>, into rows: UnsafeMutableBufferPointer<Float>, at row: Int, width: Int,
        embedder: TextEmbedder
    ) {
        let shift = row - positions.lowerBound
        forEachPiece(in: positions) { piece, range, start in
            switch piece {
            case .text(let ids):
                for position in range { embedder.add(ids[position - start], row: position + shift) }
            case .image(let image):
                image.values.withUnsafeBufferPointer { values in
                    let source = values[((range.lowerBound - start) * width)..<((range.upperBound - start) * width)]
                    let target = rows[((range.lowerBound + shift) * width)...].prefix(source.count)
                    _ = UnsafeMutableBufferPointer(rebasing: target).update(from: source)
                }
            }
        }
    }

    /// Writes the position ids of tokens.
    ///
    /// - Parameters:
    ///   - tokens: counted from the prompt's first, as the cache holds them.
    ///   - target: as long as `tokens`.
    func writePositionIDs(_ tokens: Range<Int>, to target: UnsafeMutableBufferPointer<Int64>) {
        var (start, position) = (0, 0)
        for piece in pieces where start < tokens.upperBound {
            for token in tokens.clamped(to: start..<(start + piece.count)) {
                target[token - tokens.lowerBound] = Int64(position + piece.position(of: token - start))
            }
            start += piece.count
            position += piece.span
        }
        for token in max(tokens.lowerBound, promptLength)..<max(tokens.upperBound, promptLength) {
            target[token - tokens.lowerBound] = Int64(token - promptLength + promptSpan)
        }
    }

    /// Keys of the prompt's full blocks.
    mutating func promptKeys(blockSize: Int) -> [BlockKey] {
        let count = promptLength / blockSize
        for block in keys.count..<max(count, keys.count) { _ = key(of: block, blockSize: blockSize) }
        return Array(keys.prefix(count))
    }

    /// The key of a block whose tokens are all known: a hash chain over everything before and in it.
    mutating func key(of block: Int, blockSize: Int) -> BlockKey? {
        while keys.count <= block {
            let positions = (keys.count * blockSize)..<((keys.count + 1) * blockSize)
            guard positions.upperBound <= promptLength + generated.count else { return nil }
            var hash = SHA256()
            if let chain { chain.withUnsafeBytes { hash.update(bufferPointer: $0) } }
            forEachPiece(in: positions) { piece, range, start in
                switch piece {
                case .text(let ids):
                    // Nothing marks where a piece of text begins: an answer that comes back inside the next prompt
                    // must have the key that it had when it was generated.
                    ids[(range.lowerBound - start)..<(range.upperBound - start)].withUnsafeBytes {
                        hash.update(bufferPointer: $0)
                    }
                case .image(let image):
                    // No token has this id, so a picture is never taken for text.
                    withUnsafeBytes(of: Int32(-1)) { hash.update(bufferPointer: $0) }
                    image.key.withUnsafeBytes { hash.update(bufferPointer: $0) }
                    withUnsafeBytes(of: (range.lowerBound - start, range.count)) { hash.update(bufferPointer: $0) }
                }
            }
            let digest = hash.finalize()
            chain = digest
            keys.append(BlockKey(digest))
        }
        return keys[block]
    }

    /// Calls `body` with each piece, the positions of it that are asked for, and the piece's first position.
    private func forEachPiece(in positions: Range<Int>, _ body: (Piece, Range<Int>, Int) -> Void) {
        var start = 0
        for piece in pieces {
            let range = positions.clamped(to: start..<(start + piece.count))
            if !range.isEmpty { body(piece, range, start) }
            start += piece.count
            if start >= positions.upperBound { return }
        }
        let range = positions.clamped(to: start..<(start + generated.count))
        if !range.isEmpty { body(.text(generated), range, start) }
    }
}

extension BlockKey {
    init(_ digest: SHA256.Digest) {
        self = digest.withUnsafeBytes { bytes in
            func word(_ index: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self) }
            return BlockKey(word(0), word(1), word(2), word(3))
        }
    }
}
