import Foundation

extension PickleReader {
    /// A little-endian unsigned number of at most 4 bytes.
    mutating func take(_ width: Int) throws -> Int {
        guard width <= bytes.count - position else { throw broken("ends in the middle") }
        defer { position += width }
        return (0..<width).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
    }

    mutating func takeBigEndian() throws -> UInt64 {
        guard bytes.count - position >= 8 else { throw broken("ends in the middle") }
        defer { position += 8 }
        return bytes[position..<position + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// LONG1: a length, then a two's complement number, here of at most 8 bytes.
    mutating func takeLong() throws -> Int {
        let count = try take(1)
        guard count <= 8 else { throw broken("holds a number of \(count) bytes") }
        guard count <= bytes.count - position else { throw broken("ends in the middle") }
        defer { position += count }
        guard count > 0 else { return 0 }
        let pattern = (0..<count).reduce(UInt64(0)) { $0 | UInt64(bytes[position + $1]) << (8 * $1) }
        let unused = 64 - 8 * count
        return Int(Int64(bitPattern: pattern << unused) >> unused)
    }

    mutating func takeText(_ count: Int) throws -> String {
        guard count <= bytes.count - position else { throw broken("ends in the middle") }
        defer { position += count }
        guard let text = String(bytes: bytes[position..<position + count], encoding: .utf8) else {
            throw broken("holds a text that is not UTF-8")
        }
        return text
    }

    /// GLOBAL: module and name, each on a line.
    mutating func takeGlobal() throws -> PickleGlobal {
        let module = try takeLine()
        let name = try takeLine()
        guard let global = PickleGlobal(module: module, name: name) else {
            throw refused("the pickle asks for \(CheckpointError.quoted("\(module).\(name)"))")
        }
        return global
    }

    private mutating func takeLine() throws -> String {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else {
            throw broken("ends in the middle")
        }
        let line = try takeText(end - position)
        position = end + 1
        return line
    }
}

extension PickleReader {
    func top() throws -> PickleValue {
        guard let value = stack.last else { throw broken("takes from an empty stack") }
        return value
    }

    mutating func pop() throws -> PickleValue {
        guard let value = stack.popLast() else { throw broken("takes from an empty stack") }
        if case .mark = value { throw broken("takes a mark for a value") }
        return value
    }

    mutating func pop(count: Int) throws -> [PickleValue] {
        var values: [PickleValue] = []
        for _ in 0..<count { values.append(try pop()) }
        return values.reversed()
    }

    mutating func popToMark() throws -> [PickleValue] {
        let mark = stack.lastIndex { if case .mark = $0 { true } else { false } }
        guard let mark else { throw broken("looks for a mark that is not there") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[(mark + 1)...])
    }

    func remembered(_ index: Int) throws -> PickleValue {
        guard let value = memo[index] else { throw broken("recalls value \(index), which it never stored") }
        return value
    }
}
