import Foundation
import OrderedJSON
import Testing

/// Thousands of damaged documents: no trap, and the same verdict as Foundation where the rules are the same.
@Suite struct MutationTests {
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static let documents = [
        #"{"a": [1, -2.5e3, true, null], "b": {"c": "d\u00e9\n", "e": []}, "f": "\ud83d\ude00é"}"#,
        #"[{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, 0.125, 1e10, -0, "\\ \/"]"#,
        #"{"model": {"type": "BPE", "vocab": {"<s>": 0, "▁a": 1}, "merges": ["▁ a"]}, "added_tokens": []}"#,
    ]
    private static let marks =
        Array(#"{}[]:,"\/0123456789.eE+-truefalsn u"#.utf8) + [0x00, 0x0A, 0x1F, 0x7F, 0x80, 0xC3, 0xED, 0xF0, 0xFF]

    /// Foundation guesses encodings, and on Linux takes a comma before a bracket where a space follows it.
    private func isComparable(_ bytes: [UInt8]) -> Bool {
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else { return false }
        return !text.hasPrefix("\u{FEFF}") && text.firstMatch(of: /,\s+[\]}]/) == nil
    }

    @Test(arguments: 0..<3) func verdictsAreFoundations(document: Int) throws {
        let whole = Array(Self.documents[document].utf8)
        var random = Generator(state: UInt64(document))
        var (taken, compared) = (0, 0)
        for _ in 0..<3000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let mark = Self.marks.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.insert(mark, at: place)
                case 1: bytes.remove(at: place)
                case 2: bytes.removeLast(bytes.count - place - 1)
                default: bytes[place] = mark
                }
            }
            var failure: JSONError?
            do { _ = try JSONValue(parsing: bytes) } catch { failure = error }
            if let failure { #expect(failure.offset <= bytes.count && failure.line > 0 && failure.column > 0) }
            // A key given twice, where Foundation keeps one.
            if case .duplicateKey = failure?.reason { continue }
            guard isComparable(bytes) else { continue }
            compared += 1
            let foundation = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            taken += failure == nil ? 1 : 0
            #expect((failure == nil) == (foundation != nil), "\(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(compared > 1500 && taken > 100)
    }
}
