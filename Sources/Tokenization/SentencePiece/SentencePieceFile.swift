/// The fields of a `ModelProto` that matter here, as they stand in the file.
struct SentencePieceFile {
    private(set) var pieces: [SentencePieceModel.Piece] = []
    // Values of absent fields are those of the format.
    private(set) var modelType: UInt64 = 1
    private(set) var hasByteFallback = false
    private(set) var hasSpaceSuffix = false
    private(set) var normalizerName = ""
    private(set) var hasCharacterMap = false
    private(set) var addsDummyPrefix = true
    private(set) var removesExtraSpaces = true
    private(set) var escapesSpaces = true

    /// - Complexity: O(n) time; memory for the pieces, each of which takes at least two bytes of the file.
    init(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Failure) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: pieces.append(try Self.piece(field.value.slice()))
            case 2: try readTrainer(field.value.slice())
            case 3: try readNormalizer(field.value.slice())
            default: break
            }
        }
    }

    private static func piece(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Failure) -> SentencePieceModel.Piece {
        var piece = SentencePieceModel.Piece(text: "", score: 0, kind: .normal)
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: piece.text = try field.value.text()
            case 2: piece.score = try field.value.float()
            case 3:
                let number = try field.value.integer()
                guard let kind = SentencePieceModel.Piece.Kind(rawValue: number) else {
                    throw .init(reason: "a piece has the unknown type \(number)")
                }
                piece.kind = kind
            default: break
            }
        }
        return piece
    }

    private mutating func readTrainer(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Failure) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 3: modelType = try field.value.integer()
            case 24: hasSpaceSuffix = try field.value.bool()
            case 35: hasByteFallback = try field.value.bool()
            // The ids of <unk>, <s> and </s> (40-42) only repeat what the pieces' types and texts say.
            default: break
            }
        }
    }

    private mutating func readNormalizer(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Failure) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: normalizerName = try field.value.text()
            case 2: hasCharacterMap = try !field.value.slice().isEmpty
            case 3: addsDummyPrefix = try field.value.bool()
            case 4: removesExtraSpaces = try field.value.bool()
            case 5: escapesSpaces = try field.value.bool()
            default: break
            }
        }
    }
}
