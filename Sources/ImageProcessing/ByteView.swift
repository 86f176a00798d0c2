/// Bytes of a file, read by position without traps.
struct ByteView {
    private let bytes: UnsafeBufferPointer<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var count: Int { bytes.count }

    subscript(place: Int) -> UInt8? { bytes.indices.contains(place) ? bytes[place] : nil }

    /// The bytes from a place on, as many as asked for; nil where they are not all there.
    func slice(_ place: Int, count: Int) -> ByteView? {
        guard place >= 0, count >= 0, place <= bytes.count, count <= bytes.count - place else { return nil }
        return ByteView(UnsafeBufferPointer(rebasing: bytes[place..<(place + count)]))
    }

    func dropFirst(_ count: Int) -> ByteView {
        ByteView(UnsafeBufferPointer(rebasing: bytes.dropFirst(max(count, 0))))
    }

    /// A whole number of up to 8 bytes; nil where they are not all there.
    func number(_ place: Int, _ count: Int, bigEndian: Bool) -> UInt64? {
        guard let part = slice(place, count: count) else { return nil }
        return (0..<count).reduce(0) { $0 << 8 | UInt64(part.bytes[bigEndian ? $1 : count - 1 - $1]) }
    }

    func starts(with prefix: some Sequence<UInt8>) -> Bool { bytes.starts(with: prefix) }

    func starts(with prefix: String) -> Bool { starts(with: prefix.utf8) }

    func equals(_ text: String) -> Bool { bytes.elementsEqual(text.utf8) }

    /// The first place of a byte, from a place on.
    func firstIndex(of byte: UInt8, from place: Int = 0) -> Int? {
        bytes.dropFirst(place).firstIndex(of: byte)
    }

    func withUnsafeBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
        try body(bytes)
    }

    /// A copy that outlives the file's bytes.
    var array: [UInt8] { Array(bytes) }
}

extension Array<UInt8> {
    mutating func append(_ bytes: ByteView) { bytes.withUnsafeBytes { append(contentsOf: $0) } }

    func withByteView<Result>(_ body: (ByteView) throws -> Result) rethrows -> Result {
        try withUnsafeBufferPointer { try body(ByteView($0)) }
    }
}
