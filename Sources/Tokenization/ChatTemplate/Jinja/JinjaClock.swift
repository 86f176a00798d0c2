import Foundation

/// `datetime.now().strftime`.
enum JinjaClock {
    /// What the C library writes, in its plain locale; `%f`, `%z` and `%Z` are Python's own.
    private static let directives = Set("aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyY")
    private static let longest = 1000

    static func text(_ format: String, at date: Date) throws -> String {
        guard format.utf8.count <= longest else {
            throw JinjaError.tooLarge("formats a time by more than \(longest) bytes")
        }
        var seconds = time_t(date.timeIntervalSince1970.rounded(.down))
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { throw JinjaError.failed("the time is unknown") }
        let microseconds = Int((date.timeIntervalSince1970 - Double(seconds)) * 1e6)
        var result = ""
        var scalars = format.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            var flag = ""
            if let next = scalars.first, ["-", "_", "0", "^", "#"].contains(next) {
                flag.unicodeScalars.append(next)
                scalars.removeFirst()
            }
            guard let directive = scalars.popFirst() else {
                throw JinjaError.unsupported("a time format that breaks off")
            }
            switch directive {
            case "%" where flag.isEmpty: result += "%"
            case "f" where flag.isEmpty: result += String(format: "%06d", microseconds)
            case "z" where flag.isEmpty, "Z" where flag.isEmpty: break
            case _ where directives.contains(Character(directive)): result += try text(flag, directive, parts)
            default: throw JinjaError.unsupported("the time format '%\(flag)\(directive)'")
            }
        }
        return result
    }

    private static func text(_ flag: String, _ directive: Unicode.Scalar, _ parts: tm) throws -> String {
        var parts = parts
        var buffer = [CChar](repeating: 0, count: 256)
        let count = strftime(&buffer, buffer.count, "%\(flag)\(directive)", &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
