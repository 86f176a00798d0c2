/// What Python says of characters.
enum PythonText {
    /// `str.isspace` of one character.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// Where `str.splitlines` cuts.
    static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    static func isNameStart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "_": true
        default: !scalar.isASCII && scalar.properties.isXIDStart
        }
    }

    static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        isNameStart(scalar) || ("0"..."9").contains(scalar) || (!scalar.isASCII && scalar.properties.isXIDContinue)
    }

    static func hexValue(_ scalar: Unicode.Scalar) -> UInt32? {
        switch scalar {
        case "0"..."9": scalar.value - 48
        case "a"..."f": scalar.value - 87
        case "A"..."F": scalar.value - 55
        default: nil
        }
    }

    static func isAlphabetic(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    /// `str.isalnum` of one character, which with the underscore is what `\w` matches.
    static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        isAlphabetic(scalar) || scalar.properties.numericType != nil
    }

    /// `str.isprintable` of one character.
    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    /// `str.lower`, with the sigma that ends a word.
    static func lowercased(_ text: String) -> String {
        var result = ""
        let scalars = text.unicodeScalars
        for index in scalars.indices {
            let scalar = scalars[index]
            if scalar == "Σ" {
                let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
                let after = scalars[scalars.index(after: index)...].first { !$0.properties.isCaseIgnorable }
                let ends = before?.properties.isCased == true && after?.properties.isCased != true
                result += ends ? "ς" : "σ"
            } else {
                result += scalar.properties.lowercaseMapping
            }
        }
        return result
    }

    static func uppercased(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { $0 += $1.properties.uppercaseMapping }
    }

    /// `str.capitalize`.
    static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return text }
        // Lowered as a whole: a sigma's form depends on what stands before it.
        let rest = String(text.unicodeScalars.dropFirst())
        return first.properties.titlecaseMapping + String(lowercased("A" + rest).unicodeScalars.dropFirst())
    }

    /// `str.title`: a letter behind no letter is a title's.
    static func titled(_ text: String) -> String {
        var result = ""
        var afterLetter = false
        let lowered = text.unicodeScalars
        for index in lowered.indices {
            let scalar = lowered[index]
            if !afterLetter {
                result += scalar.properties.titlecaseMapping
            } else if scalar == "Σ" {
                let after = lowered[lowered.index(after: index)...].first { !$0.properties.isCaseIgnorable }
                result += after?.properties.isCased == true ? "σ" : "ς"
            } else {
                result += scalar.properties.lowercaseMapping
            }
            afterLetter = scalar.properties.isCased
        }
        return result
    }
}
