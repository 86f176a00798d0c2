import HiRED

/// Seeded damage to real files. The same seed and round give the same bytes.
struct Mutator {
    private var generator: SplitMix64

    /// - Parameters:
    ///   - seed: of the run.
    ///   - round: each has a stream of its own, so that one can be made again alone.
    init(seed: UInt64, round: Int, reader: String) {
        var state = seed ^ (UInt64(truncatingIfNeeded: round) &* 0xD1B5_4A32_D192_ED03)
        // A hash that is the same in every process.
        for byte in reader.utf8 { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        generator = SplitMix64(seed: state)
    }

    mutating func number(below bound: Int) -> Int { bound <= 1 ? 0 : Int(generator.next() % UInt64(bound)) }

    /// One of the files with one change, or up to eight.
    mutating func input(from files: [[UInt8]], words: [String]) -> [UInt8] {
        var bytes = files[number(below: files.count)]
        for _ in 0...(number(below: 2) * number(below: 8)) { change(&bytes, others: files, words: words) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8], others: [[UInt8]], words: [String]) {
        let place = number(below: bytes.count + 1)
        let rest = bytes.count - place
        let length = min(rest, 1 << number(below: 9))
        switch number(below: words.isEmpty ? 9 : 11) {
        case 0 where rest > 0: bytes[place] ^= 1 << UInt8(number(below: 8))
        case 1 where rest > 0: bytes[place] = UInt8(number(below: 256))
        case 2: overwrite(&bytes, at: place, with: extreme())
        case 3: bytes.removeSubrange(place..<(place + length))
        case 4: bytes.removeSubrange(place...)
        case 5: bytes.insert(contentsOf: bytes[place..<(place + length)], at: place)
        case 6: bytes.insert(contentsOf: extreme(), at: place)
        case 7:
            let other = others[number(below: others.count)]
            let from = number(below: other.count)
            let part = other[from..<min(other.count, from + (1 << number(below: 9)))]
            number(below: 2) == 0
                ? bytes.insert(contentsOf: part, at: place) : overwrite(&bytes, at: place, with: Array(part))
        case 8:
            bytes.insert(
                contentsOf: repeatElement(bytes.isEmpty ? 0 : bytes[max(place - 1, 0)], count: length), at: place)
        default:
            guard !words.isEmpty else { return }
            let word = Array(words[number(below: words.count)].utf8)
            let count = number(below: 16) == 0 ? 1 << number(below: 14) : 1
            number(below: 2) == 0
                ? bytes.insert(contentsOf: [[UInt8]](repeating: word, count: count).joined(), at: place)
                : overwrite(&bytes, at: place, with: word)
        }
    }

    private func overwrite(_ bytes: inout [UInt8], at place: Int, with part: [UInt8]) {
        let end = min(bytes.count, place + part.count)
        bytes.replaceSubrange(place..<end, with: part.prefix(end - place))
    }

    /// A number at the edge of some width, in either byte order.
    private mutating func extreme() -> [UInt8] {
        let values: [UInt64] = [
            0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
            0x1_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, .max,
        ]
        let value = values[number(below: values.count)]
        let width = 1 << number(below: 4)
        let little = (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        return number(below: 2) == 0 ? little : little.reversed()
    }
}
