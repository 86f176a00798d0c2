/// Walks the fields of one protocol-buffer message. Written here because this target takes no dependencies and one
/// message of three levels does not need a package.
///
/// Holds a slice of the file: a message inside costs no copy, and no length can make it allocate.
struct ProtobufReader {
    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        /// A string, bytes or a message.
        case bytes(ArraySlice<UInt8>)
    }

    struct Field {
        var number: UInt64
        var value: Value
    }

    struct Failure: Error { var reason: String }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field, nil at the end.
    mutating func next() throws(Failure) -> Field? {
        guard !rest.isEmpty else { return nil }
        let key = try varint()
        let number = key >> 3
        guard (1...0x1FFF_FFFF).contains(number) else { throw Failure(reason: "a field has the number \(number)") }
        switch key & 7 {
        case 0: return Field(number: number, value: .varint(try varint()))
        case 1: return Field(number: number, value: .fixed64(try fixed(8)))
        case 2:
            let length = try varint()
            // Compared as unsigned: a length near 2^64 must not wrap.
            guard length <= UInt64(rest.count) else { throw Failure(reason: "a field of \(length) bytes breaks off") }
            let bytes = rest.prefix(Int(length))
            rest.removeFirst(Int(length))
            return Field(number: number, value: .bytes(bytes))
        case 5: return Field(number: number, value: .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
        default: throw Failure(reason: "a field has the wire type \(key & 7)")
        }
    }

    private mutating func varint() throws(Failure) -> UInt64 {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw Failure(reason: "a number breaks off") }
            // The tenth byte holds the last of 64 bits.
            guard shift < 63 || byte < 2 else { break }
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
        }
        throw Failure(reason: "a number does not fit 64 bits")
    }

    private mutating func fixed(_ count: Int) throws(Failure) -> UInt64 {
        guard rest.count >= count else { throw Failure(reason: "a number breaks off") }
        let value = rest.prefix(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        rest.removeFirst(count)
        return value
    }
}

extension ProtobufReader.Value {
    func integer() throws(ProtobufReader.Failure) -> UInt64 {
        guard case .varint(let value) = self else { throw .init(reason: "a number is of another kind") }
        return value
    }

    func bool() throws(ProtobufReader.Failure) -> Bool { try integer() != 0 }

    /// Negative numbers are written as 64 bits.
    func int32() throws(ProtobufReader.Failure) -> Int32 { Int32(truncatingIfNeeded: try integer()) }

    func float() throws(ProtobufReader.Failure) -> Float {
        guard case .fixed32(let bits) = self else { throw .init(reason: "a number is of another kind") }
        return Float(bitPattern: bits)
    }

    func slice() throws(ProtobufReader.Failure) -> ArraySlice<UInt8> {
        guard case .bytes(let bytes) = self else { throw .init(reason: "a text or message is of another kind") }
        return bytes
    }

    func text() throws(ProtobufReader.Failure) -> String {
        guard let text = String(validating: try slice(), as: UTF8.self) else {
            throw .init(reason: "a text is not UTF-8")
        }
        return text
    }
}
