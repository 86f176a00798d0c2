/// Kinds of characters as the `tokenizers` library tells them, which takes them from Rust and its regex crate.
enum TextKinds {
    /// `char::is_numeric`: by general category, not by value, so that 三 and 京 are none.
    static func isNumeric(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: true
        default: false
        }
    }

    /// `\w`: letters and marks, digits, and what joins words.
    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        switch properties.generalCategory {
        case .decimalNumber, .connectorPunctuation, .nonspacingMark, .spacingMark, .enclosingMark: return true
        default: return properties.isAlphabetic || properties.isJoinControl
        }
    }
}
