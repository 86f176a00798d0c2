import ArgumentParser
import Foundation

/// A number of bytes as people write it: `1500000`, `512MB`, `1.5 GB`, `2GiB`.
///
/// MB is a million bytes and MiB 2²⁰, in any case of letters. A bare `2G` is refused: programs differ in what it means.
struct ByteCount: ExpressibleByArgument, Equatable {
    let bytes: Int

    private static let units: [String: Double] = [
        "": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 0x1p10, "mib": 0x1p20, "gib": 0x1p30,
        "tib": 0x1p40,
    ]

    /// What to write instead, for errors.
    static let remedy = "give bytes above 0, such as 1500000, 512MB, 2GB or 1.5GiB"

    /// Nil for anything that is not above 0, or more than 2⁵⁰.
    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = argument.dropFirst(digits.count).trimmingCharacters(in: .whitespaces).lowercased()
        guard let number = Double(digits), let factor = Self.units[unit] else { return nil }
        let product = (number * factor).rounded(.down)
        guard product >= 1, product <= 0x1p50 else { return nil }
        bytes = Int(product)
    }

    /// In the largest unit that leaves a whole part, with one place after the point.
    static func text(_ bytes: Int) -> String {
        for (unit, factor) in [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] where Double(bytes) >= factor {
            return String(format: "%.1f %@", Double(bytes) / factor, unit)
        }
        return "\(bytes) B"
    }
}
