import Testing

@testable import HiREDInference

@Suite struct LoadFloorTests {
    private func situation(_ free: Int, company: Bool = true) -> LoadFloor.Situation {
        LoadFloor.Situation(freeBlocks: free, blockSize: 32, otherTokens: 50, hasCompany: company)
    }

    @Test func whatFitsIsGiven() {
        // 10 blocks hold 320 tokens, 50 of them others.
        #expect(LoadFloor.budget(asked: 270, floor: 64, situation(10)) == 270)
        #expect(LoadFloor.budget(asked: 271, floor: 64, situation(10)) == 270)
        #expect(LoadFloor.budget(asked: 2000, floor: 64, situation(10)) == 270)
    }

    @Test func theFloorHolds() {
        #expect(LoadFloor.budget(asked: 2000, floor: 64, situation(3)) == 64)
        #expect(LoadFloor.budget(asked: 2000, floor: 64, situation(0)) == 64)
        #expect(LoadFloor.budget(asked: 2000, floor: 64, situation(-100)) == 64)
        #expect(LoadFloor.budget(asked: 2000, floor: -3, situation(0)) == 1)
    }

    @Test func nothingIsLoweredWithoutReason() {
        #expect(LoadFloor.budget(asked: 2000, floor: nil, situation(0)) == 2000)
        #expect(LoadFloor.budget(asked: 2000, floor: 64, situation(0, company: false)) == 2000)
        #expect(LoadFloor.budget(asked: 40, floor: 64, situation(0)) == 40)
        #expect(LoadFloor.budget(asked: 64, floor: 64, situation(0)) == 64)
    }

    @Test(arguments: [1, 33, 640]) func boundsAreKeptAndMoreBlocksNeverGiveLess(_ floor: Int) {
        for asked in [1, 32, 100, 640, 2880] {
            var last = 0
            for free in -5..<120 {
                let given = LoadFloor.budget(asked: asked, floor: floor, situation(free))
                #expect(given >= last && given >= min(floor, asked) && given <= asked)
                last = given
            }
            #expect(last == asked)
        }
    }
}
