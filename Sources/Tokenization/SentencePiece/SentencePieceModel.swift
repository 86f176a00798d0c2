public import Foundation
import OrderedJSON

/// A byte-pair model of SentencePiece (`tokenizer.model`), as checkpoints of the LLaMA family hold it.
///
/// Fields and their defaults follow sentencepiece_model.proto of SentencePiece 0.2.
public struct SentencePieceModel: Sendable, Equatable {
    public struct Piece: Sendable, Equatable {
        public enum Kind: UInt64, Sendable {
            case normal = 1
            case unknown, control, userDefined, unused, byte
        }

        public var text: String
        /// Of two merges, the one with the higher score comes first.
        public var score: Float
        public var kind: Kind
    }

    /// By id.
    public let pieces: [Piece]
    /// Characters that are no piece become their bytes.
    public let hasByteFallback: Bool
    /// Text begins as if a space stood before it.
    public let addsDummyPrefix: Bool
    /// The piece for what is in no other.
    public let unknownID: Int
    /// What errors call the file.
    let path: String

    /// A vocabulary of 256,000 pieces takes about 5 MB.
    static let longestFile = 32 << 20
    /// Longer than any real piece, of which LLaMA's longest has 48. Bounds the work of finding merges.
    static let longestPiece = 256

    /// - Throws: `TokenizerError`.
    public init(contentsOf url: URL) throws(TokenizerError) {
        let data = try FileReading.data(at: url, limit: Self.longestFile)
        try self.init(bytes: [UInt8](data), path: url.path)
    }

    /// - Parameter path: what errors call the file.
    /// - Throws: `TokenizerError` for a damaged file, and for models that are not byte-pair models or that change text
    ///   before cutting it.
    public init(bytes: [UInt8], path: String) throws(TokenizerError) {
        self.path = path
        let file: SentencePieceFile
        do { file = try SentencePieceFile(bytes[...]) } catch {
            throw .malformed(path: path, reason: "as a SentencePiece model: \(error.reason)")
        }
        guard !file.pieces.isEmpty else { throw .malformed(path: path, reason: "it holds no pieces") }
        try Self.checkKind(of: file, path: path)
        pieces = file.pieces
        hasByteFallback = file.hasByteFallback
        addsDummyPrefix = file.addsDummyPrefix
        unknownID = try Self.checkPieces(of: file, path: path)
    }

    private static func checkKind(of file: SentencePieceFile, path: String) throws(TokenizerError) {
        func refuse(_ component: String, _ supported: String) throws(TokenizerError) {
            throw .unsupported(path: path, component: component, supported: supported)
        }
        guard file.modelType == 2 else {
            let names: [UInt64: String] = [1: "unigram", 3: "word", 4: "char"]
            return try refuse("a model of the type \(names[file.modelType] ?? "\(file.modelType)")", "BPE")
        }
        guard ["", "identity"].contains(file.normalizerName), !file.hasCharacterMap else {
            return try refuse("the normalizer '\(file.normalizerName)'", "identity")
        }
        guard !file.removesExtraSpaces else { return try refuse("remove_extra_whitespaces", "models that keep spaces") }
        guard file.escapesSpaces else {
            return try refuse("escape_whitespaces = false", "models that write spaces as ▁")
        }
        guard !file.hasSpaceSuffix else {
            return try refuse("treat_whitespace_as_suffix", "models that put a word's space before it")
        }
        guard !file.pieces.contains(where: { $0.kind == .unused }) else {
            return try refuse("pieces of the type unused", "models without them")
        }
    }

    /// - Returns: the id of the unknown piece.
    private static func checkPieces(of file: SentencePieceFile, path: String) throws(TokenizerError) -> Int {
        func damaged(_ reason: String) -> TokenizerError { .malformed(path: path, reason: reason) }
        var seen: Set<ByteExactString> = []
        seen.reserveCapacity(file.pieces.count)
        var bytes: Set<UInt8> = []
        for (id, piece) in file.pieces.enumerated() {
            guard !piece.text.isEmpty else { throw damaged("piece \(id) is empty") }
            guard piece.text.utf8.count <= longestPiece else {
                throw damaged("piece \(id) is longer than \(longestPiece) bytes")
            }
            guard piece.score.isFinite else { throw damaged("piece \(id) has the score \(piece.score)") }
            guard seen.insert(ByteExactString(piece.text)).inserted else {
                throw damaged("the piece '\(piece.text)' stands twice")
            }
            guard piece.kind == .byte else { continue }
            guard let byte = TokenDecoder.byteValue(piece.text) else {
                throw damaged("'\(piece.text)' is no piece for a byte")
            }
            bytes.insert(byte)
        }
        guard bytes.count == (file.hasByteFallback ? 256 : 0) else {
            throw damaged("it holds \(bytes.count) byte pieces where \(file.hasByteFallback ? "256" : "none") belong")
        }
        let unknown = file.pieces.indices.filter { file.pieces[$0].kind == .unknown }
        guard unknown.count == 1 else { throw damaged("it holds \(unknown.count) unknown pieces instead of one") }
        return unknown[0]
    }
}
