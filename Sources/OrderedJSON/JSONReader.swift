import Failures

/// Reads a JSON text (RFC 8259) from its bytes, in order, either into a ``JSONValue`` or part by part, so that a long
/// list need not be held twice.
///
/// Stricter than most readers where two of them could take one text for two things: a key given twice in an object is
/// an error, and so are a byte order mark, bytes that are not UTF-8, half a surrogate pair, and a number beyond the
/// range of a double. No text traps.
///
/// A function that calls another with the reader expects it to read exactly one value; one that reads none or two ends
/// in a ``JSONError``.
///
/// - Complexity: O(n) for n bytes.
public struct JSONReader {
    let bytes: [UInt8]
    var position = 0
    private let limits: JSONLimits
    private var depth = 0
    private var valueCount = 0

    /// - Throws: ``JSONError`` for too many bytes and for what is not UTF-8.
    public init(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) {
        self.bytes = bytes
        self.limits = limits
        guard bytes.count <= limits.bytes else {
            throw error(.tooManyBytes(bytes.count, limit: limits.bytes), at: 0)
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw error(.notUTF8, at: Self.validPrefix(bytes))
        }
        guard !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { throw error(.syntax("a byte order mark"), at: 0) }
    }

    /// What begins here.
    public enum Kind: Sendable, Hashable {
        case null, bool, number, string, array, object
    }

    /// Nil at the end and where no value begins.
    public var nextKind: Kind? {
        mutating get {
            skipSpaces()
            return switch next {
            case UInt8(ascii: "{"): .object
            case UInt8(ascii: "["): .array
            case UInt8(ascii: "\""): .string
            case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
            case UInt8(ascii: "n"): .null
            case UInt8(ascii: "-"): .number
            case let byte?: (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? .number : nil
            case nil: nil
            }
        }
    }

    /// Walks the object here. `member` reads the value of each key.
    ///
    /// - Parameter checksKeys: false for a caller that finds keys given twice itself.
    public mutating func object(
        checksKeys: Bool = true, _ member: (inout JSONReader, String) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open("{", "an object")
        if try close("}") { return }
        var keys: Set<ByteExactString> = []
        repeat {
            skipSpaces()
            let start = position
            guard next == UInt8(ascii: "\"") else { throw unexpected("a key") }
            let key = try text()
            if checksKeys, !keys.insert(ByteExactString(key)).inserted { throw error(.duplicateKey(key), at: start) }
            try expect(":")
            try member(&self, key)
        } while try separator("}")
    }

    /// Walks the list here. `element` reads each element.
    public mutating func array(_ element: (inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
        try open("[", "a list")
        if try close("]") { return }
        repeat { try element(&self) } while try separator("]")
    }

    /// The value here, whatever it is.
    public mutating func value() throws(JSONError) -> JSONValue {
        switch nextKind {
        case .null:
            try literal("null")
            return .null
        case .bool:
            let isTrue = next == UInt8(ascii: "t")
            try literal(isTrue ? "true" : "false")
            return .bool(isTrue)
        case .number: return try number()
        case .string: return .string(try string())
        case .array:
            var elements: [JSONValue] = []
            try array { (reader) throws(JSONError) in elements.append(try reader.value()) }
            return .array(elements)
        case .object:
            var object = JSONObject()
            try self.object(checksKeys: false) { (reader, key) throws(JSONError) in
                let start = reader.position
                guard object.append(key, try reader.value()) else { throw reader.error(.duplicateKey(key), at: start) }
            }
            return .object(object)
        case nil: throw unexpected("a value")
        }
    }

    /// The text here.
    public mutating func string() throws(JSONError) -> String {
        guard nextKind == .string else { throw mismatch("a text is needed") }
        try count()
        return try text()
    }

    /// The whole number here: digits alone, as in `-12`.
    public mutating func integer() throws(JSONError) -> Int {
        guard nextKind == .number else { throw mismatch("a whole number is needed") }
        let start = position
        guard case .integer(let value) = try number() else {
            throw error(.mismatch("a whole number is needed"), at: start)
        }
        return value
    }

    /// Nothing but white space may follow.
    public mutating func end() throws(JSONError) {
        skipSpaces()
        guard position == bytes.count else { throw unexpected("the end") }
    }

    /// That what stands here, although well formed, is not what is needed.
    public mutating func mismatch(_ what: String) -> JSONError {
        guard nextKind != nil else { return unexpected("a value") }
        return error(.mismatch(what), at: position)
    }
}

extension JSONReader {
    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    func error(_ reason: JSONError.Reason, at offset: Int) -> JSONError { JSONError(reason, offset: offset, in: bytes) }

    /// That something else than `wanted` stands here.
    func unexpected(_ wanted: String) -> JSONError {
        guard position < bytes.count else {
            return error(.syntax("the text ends where \(wanted) is needed"), at: position)
        }
        let scalar =
            String(decoding: bytes[position...].prefix(4), as: UTF8.self).unicodeScalars.first.map(String.init) ?? ""
        return error(.syntax("\(FailureText.quoted(scalar)) where \(wanted) is needed"), at: position)
    }

    mutating func skipSpaces() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    mutating func count() throws(JSONError) {
        valueCount += 1
        guard valueCount <= limits.values else { throw error(.tooManyValues(limit: limits.values), at: position) }
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        skipSpaces()
        guard let next, UInt32(next) == byte.value else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: Unicode.Scalar) throws(JSONError) {
        guard take(byte) else { throw unexpected("\"\(byte)\"") }
    }

    private mutating func literal(_ word: StaticString) throws(JSONError) {
        try count()
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count, word.withUTF8Buffer({ $0.elementsEqual(bytes[position..<end]) }) else {
            throw unexpected("true, false or null")
        }
        position = end
    }

    private mutating func open(_ bracket: Unicode.Scalar, _ what: String) throws(JSONError) {
        skipSpaces()
        guard let next, UInt32(next) == bracket.value else { throw mismatch("\(what) is needed") }
        try count()
        depth += 1
        guard depth <= limits.depth else { throw error(.tooDeep(limit: limits.depth), at: position) }
        position += 1
    }

    private mutating func close(_ bracket: Unicode.Scalar) throws(JSONError) -> Bool {
        guard take(bracket) else { return false }
        depth -= 1
        return true
    }

    /// Whether another element follows.
    private mutating func separator(_ bracket: Unicode.Scalar) throws(JSONError) -> Bool {
        if take(",") { return true }
        guard try close(bracket) else { throw unexpected("\",\" or \"\(bracket)\"") }
        return false
    }

    /// How many bytes from the start are UTF-8.
    private static func validPrefix(_ bytes: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var count = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { count += UTF8.width(scalar) }
        return count
    }
}
