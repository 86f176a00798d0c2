/// A share from 0 to 1 as the decimal that is written: 0.29 is 29/100, not the double a little below it.
struct DecimalShare {
    /// digits / 10^scale, at most 18 places: what lies beyond is less than a token of any picture.
    private let digits: Int
    private let scale: Int
    private static let places = 18

    /// The shortest decimal that gives the double, as it was written by people. Nil outside 0...1.
    init?(_ value: Double) {
        guard value >= 0, value <= 1 else { return nil }
        var (digits, scale, exponent) = (0, 0, 0)
        var (isBehindPoint, isExponent, isNegative) = (false, false, false)
        for byte in value.description.utf8 {
            switch byte {
            case UInt8(ascii: "."): isBehindPoint = true
            case UInt8(ascii: "e"): isExponent = true
            case UInt8(ascii: "-"): isNegative = isExponent
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let digit = Int(byte - UInt8(ascii: "0"))
                if isExponent {
                    exponent = exponent * 10 + digit
                } else {
                    // 17 digits at most: they fit.
                    digits = digits * 10 + digit
                    if isBehindPoint { scale += 1 }
                }
            default: break
            }
        }
        scale += isNegative ? exponent : -exponent
        while scale > Self.places {
            digits /= 10
            scale -= 1
        }
        self.digits = digits
        self.scale = max(scale, 0)
    }

    /// ⌊total · share⌋ in integers, for a total that is not negative.
    func floor(of total: Int) -> Int {
        var divisor = 1
        for _ in 0..<scale { divisor *= 10 }
        return divisor.dividingFullWidth(max(total, 0).multipliedFullWidth(by: digits)).quotient
    }
}
