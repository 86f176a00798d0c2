import Foundation

/// Base64 as clients write it: with or without padding, in either alphabet, with line breaks.
enum Base64 {
    private static let invalid: UInt8 = 0xFF
    private static let skipped: UInt8 = 0xFE

    private static let table: [UInt8] = {
        var table = [UInt8](repeating: invalid, count: 256)
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for (value, letter) in letters.enumerated() { table[Int(letter)] = UInt8(value) }
        table[Int(UInt8(ascii: "-"))] = 62
        table[Int(UInt8(ascii: "_"))] = 63
        for space in [0x20, 0x09, 0x0A, 0x0D] { table[space] = skipped }
        return table
    }()

    /// - Returns: nil for a character that does not belong there, or bits that make no whole byte. O(n).
    static func decode(_ text: Substring.UTF8View) -> Data? {
        var data = Data(count: text.count / 4 * 3 + 3)
        var (written, bits, count) = (0, UInt32(0), 0)
        var isPadding = false
        let isSound = data.withUnsafeMutableBytes { (target: UnsafeMutableRawBufferPointer) -> Bool in
            table.withUnsafeBufferPointer { table in
                for letter in text {
                    let value = table[Int(letter)]
                    if value == skipped { continue }
                    if letter == UInt8(ascii: "=") {
                        isPadding = true
                        continue
                    }
                    guard value != invalid, !isPadding else { return false }
                    bits = bits << 6 | UInt32(value)
                    count += 1
                    guard count == 4 else { continue }
                    target[written] = UInt8(truncatingIfNeeded: bits >> 16)
                    target[written + 1] = UInt8(truncatingIfNeeded: bits >> 8)
                    target[written + 2] = UInt8(truncatingIfNeeded: bits)
                    written += 3
                    (bits, count) = (0, 0)
                }
                switch count {
                case 2:
                    target[written] = UInt8(truncatingIfNeeded: bits >> 4)
                    written += 1
                case 3:
                    target[written] = UInt8(truncatingIfNeeded: bits >> 10)
                    target[written + 1] = UInt8(truncatingIfNeeded: bits >> 2)
                    written += 2
                case 1: return false
                default: break
                }
                return true
            }
        }
        return isSound ? data.prefix(written) : nil
    }
}
