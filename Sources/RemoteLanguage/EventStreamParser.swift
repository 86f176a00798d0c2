/// Takes a stream of server-sent events apart into their data. Comments and other fields are passed over.
struct EventStreamParser {
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    /// A carriage return was last: a newline behind it ends no further line.
    private var skipsNewline = false

    /// Far above what one chunk of tokens with log probabilities takes.
    private static let limit = 16 << 20

    /// What was neither ended nor given out.
    struct TooLong: Error {}

    /// The data of the events that these bytes complete.
    ///
    /// - Throws: `TooLong`.
    mutating func append(_ bytes: some Sequence<UInt8>) throws -> [[UInt8]] {
        var events: [[UInt8]] = []
        for byte in bytes {
            if byte == 0x0A, skipsNewline {
                skipsNewline = false
                continue
            }
            skipsNewline = byte == 0x0D
            guard byte != 0x0A, byte != 0x0D else {
                endLine(&events)
                continue
            }
            line.append(byte)
            guard line.count + data.count <= Self.limit else { throw TooLong() }
        }
        return events
    }

    private mutating func endLine(_ events: inout [[UInt8]]) {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else {
            if hasData { events.append(data) }
            data = []
            hasData = false
            return
        }
        let name = Array("data:".utf8)
        guard line.starts(with: name) else { return }
        var value = line[name.count...]
        if value.first == 0x20 { value = value.dropFirst() }
        if hasData { data.append(0x0A) }
        data += value
        hasData = true
    }
}
