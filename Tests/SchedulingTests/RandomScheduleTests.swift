import HiRED
import Testing

@testable import Scheduling

/// Random schedules against the dummy model: whatever happens, each answer is the one the sequence gives alone.
@Suite struct RandomScheduleTests {
    private static let schedulesPerSeed = 100

    @Test(arguments: 0..<40)
    func answersAreThoseOfOneAtATime(_ seed: Int) throws {
        var totals = Totals()
        for number in 0..<Self.schedulesPerSeed {
            let schedule = seed * Self.schedulesPerSeed + number
            do {
                try Self.run(SplitMix64(seed: UInt64(schedule)), totals: &totals)
            } catch {
                Issue.record("schedule \(schedule): \(error)")
                return
            }
        }
        // The schedules must reach what they are meant to test.
        #expect(totals.finished > 500)
        #expect(totals.preemptions > 20)
        #expect(totals.copies > 20)
        #expect(totals.prefixHitTokens > 500)
        #expect(totals.cancelledInFlight > 20)
    }

    private struct Totals {
        var finished = 0
        var preemptions = 0
        var copies = 0
        var prefixHitTokens = 0
        var cancelledInFlight = 0
    }

    private static func run(_ generator: SplitMix64, totals: inout Totals) throws {
        var random = generator
        var options = SchedulerOptions()
        options.maximumStepTokens = [1, 2, 3, 7, 16, 64].randomElement(using: &random) ?? 1
        options.maximumSequences = Int.random(in: 1...9, using: &random)
        options.maximumWaiting = Int.random(in: 1...12, using: &random)
        options.prefillChunk = [1, 2, 5, 64].randomElement(using: &random) ?? 1
        let blockSize = Int.random(in: 1...5, using: &random)
        var simulation = try Simulation(
            blockCount: Int.random(in: 2...(60 / blockSize), using: &random), blockSize: blockSize, options: options)
        let documents = (0..<3).map { _ in (0..<40).map { _ in UInt64.random(in: 1..<1000, using: &random) } }
        let arrivalRate = Double.random(in: 0.05...1, using: &random)
        let mischief = Double.random(in: 0...0.2, using: &random)

        for _ in 0..<UInt64.random(in: 10...60, using: &random) {
            while Double.random(in: 0..<1, using: &random) < arrivalRate * 0.6 {
                submitRandom(to: &simulation, documents: documents, using: &random)
            }
            try disturb(&simulation, mischief, using: &random)
            guard try simulation.begin() else { continue }
            try disturb(&simulation, mischief, using: &random)
            if Double.random(in: 0..<1, using: &random) < 0.3 {
                submitRandom(to: &simulation, documents: documents, using: &random)
            }
            totals.cancelledInFlight += simulation.ending.count
            if Double.random(in: 0..<1, using: &random) < mischief * 0.2 {
                try simulation.abandon()
            } else {
                try simulation.finish()
            }
        }
        try simulation.drain()
        totals.finished += simulation.finished.count
        totals.preemptions += simulation.preemptions
        totals.copies += simulation.copies
        totals.prefixHitTokens += simulation.scheduler.statistics.prefixHitTokens
    }

    /// A prompt that begins like others: a document's, or that of an earlier answer.
    private static func submitRandom(
        to simulation: inout Simulation, documents: [[UInt64]], using random: inout SplitMix64
    ) {
        var sources = documents
        if let earlier = simulation.finished.randomElement(using: &random) { sources.append(earlier) }
        let source = sources.randomElement(using: &random) ?? []
        var prompt = Array(source.prefix(Int.random(in: 1...30, using: &random)))
        if Bool.random(using: &random) {
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                prompt.append(UInt64.random(in: 1..<4, using: &random))
            }
        }
        _ = simulation.submit(
            prompt, new: Int.random(in: 1...20, using: &random), salt: random.next(),
            keys: [0, 1, .max, .max, .max].randomElement(using: &random) ?? 0,
            givesKeys: Int.random(in: 0..<4, using: &random) > 0)
    }

    /// Cancels and forks; also what has ended already.
    private static func disturb(
        _ simulation: inout Simulation, _ mischief: Double, using random: inout SplitMix64
    ) throws {
        // Sorted: a dictionary's order differs from run to run.
        let ids = simulation.live.keys.sorted()
        for id in ids where Double.random(in: 0..<1, using: &random) < mischief * 0.4 {
            try simulation.cancel(id)
            if Bool.random(using: &random) { try simulation.cancel(id) }
        }
        for id in ids where Double.random(in: 0..<1, using: &random) < mischief * 0.6 {
            let isGenerating = simulation.scheduler.generatedTokens(of: id) > 0
            let replacement = isGenerating && Bool.random(using: &random) ? random.next() % 50 + 1 : nil
            _ = try simulation.fork(id, salt: random.next(), replacement: replacement)
        }
        try simulation.scheduler.checkInvariants()
    }
}

extension Scheduler {
    fileprivate func generatedTokens(of id: SequenceID) -> Int {
        (running + waiting).first { $0.id == id }?.generated ?? 0
    }
}
