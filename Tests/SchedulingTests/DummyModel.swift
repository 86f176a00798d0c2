import Scheduling

/// A language model of a few lines. What it stores for a position depends on the token and on everything stored before
/// it, and the next token on everything stored: so a wrong block anywhere changes the answer.
enum DummyModel {
    /// Token 0 ends a sequence.
    static let vocabulary: UInt64 = 40

    static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        var mixed = left &* 0x9E37_79B9_7F4A_7C15 ^ (right &+ 0x5851_F42D_4C95_7F2D)
        mixed = (mixed ^ (mixed >> 29)) &* 0xBF58_476D_1CE4_E5B9
        return mixed ^ (mixed >> 32)
    }

    /// What a position with this token stores after a context.
    static func entry(context: UInt64, token: UInt64) -> UInt64 { mix(context, token) }

    static func extended(context: UInt64, by entry: UInt64) -> UInt64 { mix(context &+ 1, entry) }

    /// The token after a context. Sequences differ in their salt as they would in their sampling seed.
    static func next(context: UInt64, salt: UInt64) -> UInt64 { mix(context, salt) % vocabulary }

    /// One sequence alone, without cache: `tokens`, with those generated up to `limit` tokens in all or token 0.
    static func decode(_ tokens: [UInt64], salt: UInt64, limit: Int) -> [UInt64] {
        var tokens = tokens
        var context: UInt64 = 0
        for token in tokens { context = extended(context: context, by: entry(context: context, token: token)) }
        while tokens.count < limit {
            let token = next(context: context, salt: salt)
            tokens.append(token)
            if token == 0 { break }
            context = extended(context: context, by: entry(context: context, token: token))
        }
        return tokens
    }

    /// The keys of the full blocks of some tokens, chained.
    static func keys(_ tokens: [UInt64], blockSize: Int) -> [BlockKey] {
        var chain: UInt64 = 7
        var keys: [BlockKey] = []
        for start in stride(from: 0, through: tokens.count - blockSize, by: blockSize) {
            for token in tokens[start..<start + blockSize] { chain = mix(chain, token) }
            keys.append(BlockKey(chain, mix(chain, 1), mix(chain, 2), mix(chain, 3)))
        }
        return keys
    }
}

/// Cache memory that does what steps say.
struct DummyCache {
    private var slots: [[UInt64]]
    private let blockSize: Int

    /// Starts with rubbish in every slot.
    init(blockCount: Int, blockSize: Int) {
        slots = (0..<blockCount).map { block in
            (0..<blockSize).map { DummyModel.mix(0xDEAD, UInt64(block * blockSize + $0)) }
        }
        self.blockSize = blockSize
    }

    mutating func carryOut(_ copies: [BlockCopy]) {
        for copy in copies { slots[Int(copy.target)] = slots[Int(copy.source)] }
    }

    /// Computes an entry's positions.
    ///
    /// - Returns: the context after the last one, all of it read through the block table.
    mutating func compute(_ entry: StepEntry, tokens: [UInt64]) -> UInt64 {
        var context: UInt64 = 0
        for position in 0..<entry.positions.upperBound {
            let block = Int(entry.blockTable[position / blockSize])
            let offset = position % blockSize
            if entry.positions.contains(position) {
                slots[block][offset] = DummyModel.entry(context: context, token: tokens[position])
            }
            context = DummyModel.extended(context: context, by: slots[block][offset])
        }
        return context
    }

    /// What a step that failed half-way may leave behind.
    mutating func spoil(_ step: Step) {
        for copy in step.copies { slots[Int(copy.target)][0] &+= 1 }
        for entry in step.entries {
            for position in entry.positions {
                slots[Int(entry.blockTable[position / blockSize])][position % blockSize] &+= 3
            }
        }
    }
}
