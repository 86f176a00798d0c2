import Foundation

// Feeds damaged files to every reader of what comes from outside. Each input is in the folder before it is read, so
// that a trap leaves what brought it about.
//
//   hired-fuzz [--rounds 20000] [--seed 1] [--seconds T] [--reader NAME] [--folder DIR]   seconds in place of rounds
//   hired-fuzz --reader NAME --input FILE                                                  one input again

func option(_ name: String) -> String? {
    let arguments = CommandLine.arguments
    guard let place = arguments.firstIndex(of: "--" + name), place + 1 < arguments.count else { return nil }
    return arguments[place + 1]
}

let folder = URL(fileURLWithPath: option("folder") ?? ".build/fuzz")
let scratch = folder.appending(path: "scratch")
try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
let readers = try Reader.all().filter { option("reader") == nil || option("reader") == $0.name }
guard !readers.isEmpty else {
    print("hired-fuzz: no such reader")
    exit(64)
}

if let input = option("input") {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: input)))
    for reader in readers {
        do {
            try reader.read(bytes, scratch)
            print("\(reader.name): read")
        } catch { print("\(reader.name): \(error)") }
    }
    exit(0)
}

let rounds = option("rounds").flatMap { Int($0) } ?? 20_000
let seconds = option("seconds").flatMap(Double.init)
let start = ContinuousClock.now
var campaign = Campaign(
    readers, seed: option("seed").flatMap(UInt64.init) ?? 1, folder: folder, scratch: scratch)
try campaign.run { inputs in seconds.map { (ContinuousClock.now - start) / .seconds(1) < $0 } ?? (inputs < rounds) }
campaign.report()
