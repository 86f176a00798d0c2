import Failures
import Foundation
import HTTPTypes

/// Bodies of several parts (RFC 7578, RFC 2046), with bounds on what they may hold.
enum Multipart {
    struct Part {
        var name: String
        var fileName: String?
        var content: ArraySlice<UInt8>
    }

    static let mostParts = 64
    /// Bytes of one part's header.
    static let longestHeader = 4096

    static func damaged(_ what: String) -> APIError {
        APIError(.badRequest, "the multipart body cannot be read: \(what)", code: "invalid_multipart")
    }

    /// - Complexity: O(n).
    static func parts(_ bytes: [UInt8], boundary: String) throws(APIError) -> [Part] {
        let delimiter = Array("--\(boundary)".utf8)
        guard var position = find(delimiter, in: bytes, from: 0, atLineStart: true) else {
            throw damaged("its boundary does not occur")
        }
        var parts: [Part] = []
        while true {
            position += delimiter.count
            if bytes[position...].starts(with: "--".utf8) { return parts }
            // Spaces may stand behind a boundary.
            while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
            guard bytes[min(position, bytes.count)...].starts(with: "\r\n".utf8) else {
                throw damaged("a boundary is not followed by a line's end")
            }
            position += 2
            guard parts.count < mostParts else { throw damaged("it has more than \(mostParts) parts") }
            guard
                let end = find(
                    Array("\r\n--\(boundary)".utf8), in: bytes, from: max(position - 2, 0), atLineStart: false)
            else { throw damaged("its last part has no end") }
            parts.append(try part(bytes[min(position, end)..<end]))
            position = end + 2
        }
    }

    private static func part(_ bytes: ArraySlice<UInt8>) throws(APIError) -> Part {
        let separator = Array("\r\n\r\n".utf8)
        var end: Int?
        let window = bytes.prefix(longestHeader + 4)
        if window.count >= 4 {
            for place in window.startIndex...(window.endIndex - 4)
            where window[place..<(place + 4)].elementsEqual(separator) {
                end = place
                break
            }
        }
        guard let end else { throw damaged("a part has no header, or one of more than \(longestHeader) bytes") }
        guard let header = String(validating: bytes[bytes.startIndex..<end], as: UTF8.self) else {
            throw damaged("a part's header is not UTF-8")
        }
        var part = Part(name: "", fileName: nil, content: bytes[(end + 4)...])
        for line in header.components(separatedBy: "\r\n") {
            let pieces = line.split(separator: ":", maxSplits: 1)
            guard pieces.count == 2 else { continue }
            let value = String(pieces[1])
            switch pieces[0].lowercased().trimmingCharacters(in: .whitespaces) {
            case "content-disposition":
                part.name = parameter("name", of: value) ?? ""
                part.fileName = parameter("filename", of: value)
            case "content-transfer-encoding":
                let coding = value.trimmingCharacters(in: .whitespaces).lowercased()
                guard ["binary", "8bit", "7bit"].contains(coding) else {
                    throw damaged("a part is encoded as \(FailureText.quoted(coding))")
                }
            default: break
            }
        }
        guard !part.name.isEmpty else { throw damaged("a part has no name") }
        return part
    }

    /// A parameter behind a header's value, quoted or not: `form-data; name="a"`.
    static func parameter(_ name: String, of value: String) -> String? {
        var rest = value[...]
        while let semicolon = rest.firstIndex(of: ";") {
            rest = rest[rest.index(after: semicolon)...].drop { $0 == " " || $0 == "\t" }
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let key = rest[..<equals].lowercased()
            rest = rest[rest.index(after: equals)...]
            var text = ""
            if rest.first == "\"" {
                rest = rest.dropFirst()
                var isClosed = false
                while let letter = rest.popFirst() {
                    if letter == "\"" {
                        isClosed = true
                        break
                    }
                    // Browsers escape no backslash; other programs escape quotation marks.
                    if letter == "\\", rest.first == "\"", let next = rest.popFirst() {
                        text.append(next)
                    } else {
                        text.append(letter)
                    }
                }
                guard isClosed else { return nil }
            } else {
                text = String(rest.prefix { $0 != ";" }).trimmingCharacters(in: .whitespaces)
            }
            if key == name { return text }
        }
        return nil
    }

    /// The first place of a needle; only where a line begins, if that is asked for.
    private static func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int, atLineStart: Bool) -> Int? {
        bytes.withUnsafeBufferPointer { bytes in
            guard bytes.count >= needle.count, let first = needle.first else { return nil }
            var place = start
            while place <= bytes.count - needle.count {
                guard bytes[place] == first else {
                    place += 1
                    continue
                }
                if needle.indices.allSatisfy({ bytes[place + $0] == needle[$0] }),
                    !atLineStart || place == 0 || bytes[place - 1] == 0x0A
                {
                    return place
                }
                place += 1
            }
            return nil
        }
    }
}
