/// Text as Python has it: code points, compared one by one. Swift's strings take composed and decomposed letters for the
/// same; the metrics' reference does not.
struct CodePoints: Hashable, Sendable {
    var scalars: [Unicode.Scalar]

    init(_ text: String) { scalars = Array(text.unicodeScalars) }
    init(_ scalars: some Sequence<Unicode.Scalar>) { self.scalars = Array(scalars) }

    var string: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    var count: Int { scalars.count }

    /// `str.lower()`: one of Σ at the end of a word becomes ς.
    var lowercased: CodePoints {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(scalars.count)
        for (place, scalar) in scalars.enumerated() {
            if scalar == "Σ" {
                result.append(isFinalSigma(place) ? "ς" : "σ")
            } else {
                result += scalar.properties.lowercaseMapping.unicodeScalars
            }
        }
        return CodePoints(result)
    }

    private func isFinalSigma(_ place: Int) -> Bool {
        func isLetter(_ scalars: some Sequence<Unicode.Scalar>) -> Bool {
            scalars.first { !$0.properties.isCaseIgnorable }.map(\.properties.isCased) ?? false
        }
        return isLetter(scalars[..<place].reversed()) && !isLetter(scalars[(place + 1)...])
    }

    /// `len(str.upper())`.
    var uppercasedCount: Int {
        scalars.reduce(0) { $0 + $1.properties.uppercaseMapping.unicodeScalars.count }
    }

    /// `str.capitalize()`.
    var capitalized: CodePoints {
        guard let first = scalars.first else { return self }
        // The rest as it is lowered with what stands before it.
        let rest = lowercased.scalars.dropFirst(first.properties.lowercaseMapping.unicodeScalars.count)
        return CodePoints(Array(first.properties.titlecaseMapping.unicodeScalars) + rest)
    }

    /// `str.strip()`.
    var stripped: CodePoints {
        guard let start = scalars.firstIndex(where: { !$0.isPythonSpace }),
            let end = scalars.lastIndex(where: { !$0.isPythonSpace })
        else { return CodePoints("") }
        return CodePoints(scalars[start...end])
    }

    /// `str.split()`.
    var words: [CodePoints] {
        scalars.split(whereSeparator: \.isPythonSpace).map { CodePoints($0) }
    }

    static func joined(_ words: [CodePoints]) -> CodePoints {
        CodePoints(words.map(\.scalars).joined(separator: [" "]))
    }

    /// `pattern in str`. O(n·m).
    func contains(_ pattern: CodePoints) -> Bool {
        let (all, sought) = (scalars, pattern.scalars)
        guard sought.count <= all.count else { return false }
        return (0...(all.count - sought.count)).contains { start in
            all[start..<(start + sought.count)].elementsEqual(sought)
        }
    }

    /// `str.replace(pattern, replacement)`.
    func replacing(_ pattern: CodePoints, with replacement: CodePoints) -> CodePoints {
        let (all, sought) = (scalars, pattern.scalars)
        guard !sought.isEmpty else { return self }
        var result: [Unicode.Scalar] = []
        var place = 0
        while place < all.count {
            if place + sought.count <= all.count, all[place..<(place + sought.count)].elementsEqual(sought) {
                result += replacement.scalars
                place += sought.count
            } else {
                result.append(all[place])
                place += 1
            }
        }
        return CodePoints(result)
    }

    func hasSuffix(_ scalar: Unicode.Scalar) -> Bool { scalars.last == scalar }
}

extension CodePoints: ExpressibleByStringLiteral {
    init(stringLiteral text: String) { self.init(text) }
}

extension Unicode.Scalar {
    /// `str.isspace()`: white space, and the separators of files, groups, records and units.
    var isPythonSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }

    /// `\d` of Python's patterns.
    var isDecimalDigit: Bool { properties.generalCategory == .decimalNumber }
}
