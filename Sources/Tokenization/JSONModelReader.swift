/// Reads the vocabulary and the merges of a `tokenizer.json` byte for byte.
///
/// A decoder of Foundation would go through a dictionary of strings, which keeps only one of two tokens that differ in
/// nothing but their composition ("é" as one scalar or as two). It would also take seconds for a quarter million merges.
struct JSONModelReader {
    enum Failure: Error { case malformed, mergeWithoutTwoParts }

    struct Model {
        /// In the file's order.
        var vocabulary: [(text: String, id: Int)] = []
        var merges: [(left: String, right: String)] = []
    }

    private let bytes: [UInt8]
    private var position = 0

    /// - Returns: nil if the file has no `model`, or one without vocabulary or merges.
    /// - Complexity: O(n).
    static func model(in json: some Sequence<UInt8>) throws(Failure) -> Model? {
        var reader = JSONModelReader(bytes: Array(json))
        guard try reader.enter("model") else { return nil }
        var model = Model()
        var found: Set<String> = []
        try reader.members { (reader, key) throws(Failure) in
            found.insert(key)
            switch key {
            case "vocab":
                model.vocabulary.removeAll()
                try reader.members { (reader, text) throws(Failure) in
                    model.vocabulary.append((text, try reader.integer()))
                    return true
                }
            case "merges":
                model.merges.removeAll()
                try reader.elements { (reader) throws(Failure) in model.merges.append(try reader.merge()) }
            default: try reader.skipValue()
            }
            return true
        }
        return found.isSuperset(of: ["vocab", "merges"]) ? model : nil
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpaces() {
        while let byte = next, byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        skipSpaces()
        guard let next, UInt32(next) == byte.value else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: Unicode.Scalar) throws(Failure) {
        guard take(byte) else { throw .malformed }
    }

    /// Walks the object here. `visit` reads or skips the value, and says whether to go on.
    private mutating func members(
        _ visit: (inout JSONModelReader, String) throws(Failure) -> Bool
    ) throws(Failure) {
        try expect("{")
        if take("}") { return }
        repeat {
            let key = try string()
            try expect(":")
            guard try visit(&self, key) else { return }
        } while take(",")
        try expect("}")
    }

    /// Walks the array here. `visit` reads the element.
    private mutating func elements(_ visit: (inout JSONModelReader) throws(Failure) -> Void) throws(Failure) {
        try expect("[")
        if take("]") { return }
        repeat { try visit(&self) } while take(",")
        try expect("]")
    }

    /// Older files write "a b", newer ones ["a", "b"].
    private mutating func merge() throws(Failure) -> (left: String, right: String) {
        skipSpaces()
        guard next == UInt8(ascii: "[") else {
            // Bytes: the second part may begin with a mark that joins the space to one character.
            let parts = try string().utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw .mergeWithoutTwoParts }
            return (String(Substring(parts[0])), String(Substring(parts[1])))
        }
        var parts: [String] = []
        try elements { (reader) throws(Failure) in parts.append(try reader.string()) }
        guard parts.count == 2 else { throw .mergeWithoutTwoParts }
        return (parts[0], parts[1])
    }

    /// Moves to the value of a key of the object here.
    private mutating func enter(_ wanted: String) throws(Failure) -> Bool {
        var found = false
        try members { (reader, key) throws(Failure) in
            found = key == wanted
            if !found { try reader.skipValue() }
            return !found
        }
        return found
    }

    private mutating func integer() throws(Failure) -> Int {
        skipSpaces()
        let start = position
        while let byte = next, byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte) { position += 1 }
        guard let value = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else { throw .malformed }
        return value
    }

    private mutating func skipValue() throws(Failure) {
        var depth = 0
        repeat {
            skipSpaces()
            guard let byte = next else { throw .malformed }
            switch byte {
            case UInt8(ascii: "\""): try skipString()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"): position += 1
            default:
                // A number, true, false or null.
                while let byte = next, !",:]}\"".utf8.contains(byte), byte > 0x20 { position += 1 }
            }
        } while depth > 0
    }

    private mutating func skipString() throws(Failure) {
        try expect("\"")
        while let byte = next {
            position += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { return }
        }
        throw .malformed
    }

    private mutating func string() throws(Failure) -> String {
        skipSpaces()
        let start = position
        try skipString()
        let raw = bytes[(start + 1)..<(position - 1)]
        guard raw.contains(UInt8(ascii: "\\")) else { return String(decoding: raw, as: UTF8.self) }
        return try Self.unescape(raw)
    }

    private static func unescape(_ raw: ArraySlice<UInt8>) throws(Failure) -> String {
        var units: [UInt8] = []
        var rest = raw
        func code(_ rest: inout ArraySlice<UInt8>) throws(Failure) -> UInt16 {
            guard rest.count >= 4, let value = UInt16(String(decoding: rest.prefix(4), as: UTF8.self), radix: 16) else {
                throw .malformed
            }
            rest.removeFirst(4)
            return value
        }
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                units.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "n"): units.append(0x0A)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "r"): units.append(0x0D)
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0C)
            case UInt8(ascii: "u"):
                var pair = [try code(&rest)]
                if UTF16.isLeadSurrogate(pair[0]), rest.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
                    rest.removeFirst(2)
                    pair.append(try code(&rest))
                }
                units += Array(String(decoding: pair, as: UTF16.self).utf8)
            case let other?: units.append(other)
            case nil: throw .malformed
            }
        }
        return String(decoding: units, as: UTF8.self)
    }
}
