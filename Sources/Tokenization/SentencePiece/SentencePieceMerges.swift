extension SentencePieceModel {
    /// Two pieces, by id, that join to a third.
    struct Merge: Equatable, Sendable {
        var left: Int
        var right: Int
    }

    /// The merges that give every normal piece, in the order in which they are tried.
    ///
    /// The order is that of `generate_merges` in Transformers 4.57: by score from the highest, then the longer left
    /// part (counted in scalars), then the piece's id. Pieces of other kinds take no part, as in SentencePiece itself:
    /// the text "<s>" must never turn into the control piece.
    ///
    /// - Complexity: O(n·m) hashes of up to m bytes for n pieces of m bytes, then O(k log k) for k merges.
    func merges() -> [Merge] {
        struct Found {
            var score: Float
            var leftLength: Int
            var rightLength: Int
            var piece: Int
            var merge: Merge
        }
        let spelled = pieces.map { Array($0.text.utf8)[...] }
        var ids: [ArraySlice<UInt8>: Int] = [:]
        ids.reserveCapacity(pieces.count)
        for (id, piece) in pieces.enumerated() where piece.kind == .normal { ids[spelled[id]] = id }

        var found: [Found] = []
        for (id, piece) in pieces.enumerated() where piece.kind == .normal {
            let bytes = spelled[id]
            // Where scalars begin.
            let starts = bytes.indices.filter { bytes[$0] & 0xC0 != 0x80 }
            for (length, place) in starts.enumerated().dropFirst() {
                guard let left = ids[bytes[..<place]], let right = ids[bytes[place...]] else { continue }
                found.append(
                    Found(
                        score: piece.score, leftLength: length, rightLength: starts.count - length, piece: id,
                        merge: Merge(left: left, right: right)))
            }
        }
        found.sort {
            if $0.score != $1.score { return $0.score > $1.score }
            if $0.leftLength != $1.leftLength { return $0.leftLength > $1.leftLength }
            if $0.rightLength != $1.rightLength { return $0.rightLength > $1.rightLength }
            return $0.piece < $1.piece
        }
        return found.map(\.merge)
    }
}
