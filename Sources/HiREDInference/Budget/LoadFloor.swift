/// Lowers a request's budget under load, so that it starts with the blocks that are left rather than wait for more.
enum LoadFloor {
    /// What a picture's request finds.
    struct Situation: Equatable {
        /// Blocks that nobody holds and that are not promised to a request that came earlier.
        var freeBlocks: Int
        /// Tokens of a block.
        var blockSize: Int
        /// Positions that the request needs besides this picture's: text, other pictures, the answer.
        var otherTokens: Int
        /// Whether another request is waiting or running. Alone, a request has to wait for nobody.
        var hasCompany: Bool
    }

    /// The tokens a picture gets: as many as fit now, at least the floor, at most what was asked for.
    ///
    /// Where not even the floor fits, the request waits, with the floor: more load never means more tokens.
    static func budget(asked: Int, floor: Int?, _ situation: Situation) -> Int {
        guard let floor, situation.hasCompany, asked > max(floor, 1) else { return asked }
        let room = max(situation.freeBlocks, 0) * situation.blockSize - situation.otherTokens
        return min(max(room, floor, 1), asked)
    }
}
