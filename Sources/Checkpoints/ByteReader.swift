/// Little-endian numbers out of bytes from outside: every place is checked, none traps.
struct ByteReader {
    let bytes: [UInt8]
    /// What messages call the bytes.
    let name: String

    /// An unsigned number of 1 to 8 bytes that fits an `Int`.
    /// - Throws: `CheckpointError` when it lies outside or does not fit.
    func number(at offset: Int, width: Int) throws -> Int {
        guard offset >= 0, offset <= bytes.count, width <= bytes.count - offset else {
            throw CheckpointError.damaged(name, "ends in the middle of a record")
        }
        var value: UInt64 = 0
        for index in (offset..<offset + width).reversed() { value = value << 8 | UInt64(bytes[index]) }
        guard let number = Int(exactly: value) else {
            throw CheckpointError.damaged(name, "holds the size or place \(value), which no file can have")
        }
        return number
    }

    func slice(at offset: Int, count: Int) throws -> ArraySlice<UInt8> {
        guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else {
            throw CheckpointError.damaged(name, "ends in the middle of a record")
        }
        return bytes[offset..<offset + count]
    }
}
