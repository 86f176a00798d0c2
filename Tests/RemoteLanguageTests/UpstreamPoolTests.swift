import HiREDInference
import Testing

@testable import RemoteLanguage

@Suite struct UpstreamPoolTests {
    private func pool(_ count: Int) -> UpstreamPool {
        let pool = UpstreamPool((0..<count).map { "http://host-\($0):8000/v1" })
        for place in 0..<count { pool.mark(place, reason: nil) }
        return pool
    }

    @Test func nothingIsChosenBeforeAProbe() {
        let pool = UpstreamPool(["http://a/v1", "http://b/v1"])
        #expect(pool.choose(affinity: nil) == nil)
        #expect(pool.unavailability?.contains("http://a/v1") == true)
        pool.mark(1, reason: nil)
        #expect(pool.choose(affinity: nil) == 1)
        #expect(pool.unavailability == nil)
    }

    @Test func theOneWithTheFewestRequestsIsChosenAndTiesGoInTurn() {
        let pool = pool(3)
        let first = (0..<3).compactMap { _ in pool.choose(affinity: nil) }
        #expect(first.sorted() == [0, 1, 2])
        #expect(!pool.release(1, .success))
        #expect(pool.choose(affinity: nil) == 1)
        #expect(pool.statistics.map(\.outstanding) == [1, 1, 1])
        #expect(pool.statistics.map(\.requests).reduce(0, +) == 4)
        #expect(pool.choose(affinity: nil, without: [0, 1]) == 2)
        #expect(pool.choose(affinity: nil, without: [0, 1, 2]) == nil)
    }

    /// A picture stays with its server, every replica agrees on which, and when one goes only its pictures move.
    @Test func aPictureStaysWithItsServer() throws {
        let pictures = (0..<300).map { UInt64($0) &* 0x1234_5678_9ABC_DEF1 }
        func homes(_ pool: UpstreamPool) throws -> [Int] {
            try pictures.map { picture in
                let home = try #require(pool.choose(affinity: picture))
                _ = pool.release(home, .success)
                return home
            }
        }
        let (one, other) = (pool(4), pool(4))
        let before = try homes(one)
        #expect(try homes(other) == before)
        for place in 0..<4 { #expect(before.count { $0 == place } > 40) }
        one.mark(2, reason: "gone")
        let after = try homes(one)
        for (old, new) in zip(before, after) where old != 2 { #expect(new == old) }
        #expect(!after.contains(2))
    }

    @Test func aServerWithFarMoreToDoIsPassedOver() throws {
        let pool = pool(2)
        let home = try #require(pool.choose(affinity: 5))
        for _ in 0..<UpstreamPool.patience { #expect(pool.choose(affinity: 5) == home) }
        #expect(pool.choose(affinity: 5) == 1 - home)
    }

    @Test func aServerIsOutAfterThreeFailuresInARowOrAtOnce() throws {
        let pool = pool(1)
        func fail(_ outcome: UpstreamPool.Outcome) throws -> Bool {
            pool.release(try #require(pool.choose(affinity: nil)), outcome)
        }
        #expect(try !fail(.failure("one")))
        #expect(try !fail(.failure("two")))
        #expect(try !fail(.success))
        #expect(try !fail(.failure("one")))
        #expect(try !fail(.neutral))
        #expect(try !fail(.failure("two")))
        #expect(try fail(.failure("three")))
        #expect(pool.unavailability == "http://host-0:8000/v1: three")
        #expect(pool.choose(affinity: nil) == nil)
        pool.mark(0, reason: nil)
        #expect(try fail(.unreachable("no connection")))
        #expect(pool.unavailability?.hasSuffix("no connection") == true)
        #expect(pool.statistics[0].failures == 6)
    }
}
