import Foundation

/// Many inputs for many readers, and what came of them.
struct Campaign {
    private struct Tally {
        var inputs = 0
        var read = 0
        var slowestMilliseconds = 0.0
        var slowestRound = 0
    }

    let readers: [Reader]
    let seed: UInt64
    /// Holds the input that is being read.
    let folder: URL
    let scratch: URL
    private var tallies: [Tally]

    init(_ readers: [Reader], seed: UInt64, folder: URL, scratch: URL) {
        self.readers = readers
        self.seed = seed
        self.folder = folder
        self.scratch = scratch
        tallies = [Tally](repeating: Tally(), count: readers.count)
    }

    /// - Parameter goesOn: asked before each pass, in which every reader gets as many inputs as its share.
    mutating func run(while goesOn: (_ inputs: Int) -> Bool) throws {
        var pass = 0
        while goesOn(tallies.reduce(0) { $0 + $1.inputs }) {
            for place in readers.indices {
                let share = readers[place].share
                for part in 0..<share { try feed(place, round: pass * share + part) }
            }
            pass += 1
        }
    }

    private mutating func feed(_ place: Int, round: Int) throws {
        let reader = readers[place]
        var mutator = Mutator(seed: seed, round: round, reader: reader.name)
        let bytes = mutator.input(from: reader.files, words: reader.words)
        try Data("reader \(reader.name), seed \(seed), round \(round)\n".utf8)
            .write(to: folder.appending(path: "last.txt"))
        try Data(bytes).write(to: folder.appending(path: "last.input"))
        let start = ContinuousClock.now
        if (try? reader.read(bytes, scratch)) != nil { tallies[place].read += 1 }
        let elapsed = (ContinuousClock.now - start) / .milliseconds(1)
        tallies[place].inputs += 1
        if elapsed > tallies[place].slowestMilliseconds {
            (tallies[place].slowestMilliseconds, tallies[place].slowestRound) = (elapsed, round)
        }
    }

    func report() {
        for (reader, tally) in zip(readers, tallies) {
            print(
                "\(reader.name): \(tally.inputs) inputs, \(tally.read) read, slowest "
                    + "\(Int(tally.slowestMilliseconds)) ms in round \(tally.slowestRound)")
        }
        print("hired-fuzz: seed \(seed), \(tallies.reduce(0) { $0 + $1.inputs }) inputs, no trap")
    }
}
