/// An address of the net, and whether a stranger may have it visited.
///
/// A server that fetches what its clients name must not be led to what only it can reach: its own machine, the private
/// nets it stands in, a cloud's metadata.
enum RemoteAddress: Equatable, Sendable {
    /// In the order of the net.
    case v4([UInt8])
    case v6([UInt8])

    /// Whether it lies in the public net. Unknown and reserved ranges do not (IANA's special-purpose registries, 2026).
    var isPublic: Bool {
        switch self {
        case .v4(let bytes): Self.isPublic4(bytes)
        case .v6(let bytes): Self.isPublic6(bytes)
        }
    }

    private static let reserved4: [(UInt32, Int)] = [
        (0x0000_0000, 8),  // this net
        (0x0A00_0000, 8),  // private
        (0x6440_0000, 10),  // shared by carriers
        (0x7F00_0000, 8),  // loopback
        (0xA9FE_0000, 16),  // link-local, metadata of clouds
        (0xAC10_0000, 12),  // private
        (0xC000_0000, 24),  // protocols
        (0xC000_0200, 24),  // examples
        (0xC01F_C400, 24), (0xC034_C100, 24), (0xC0AF_3000, 24),  // AS112, AMT
        (0xC058_6300, 24),  // 6to4 relays
        (0xC0A8_0000, 16),  // private
        (0xC612_0000, 15),  // benchmarks
        (0xC633_6400, 24), (0xCB00_7100, 24),  // examples
        (0xE000_0000, 4),  // multicast
        (0xF000_0000, 4),  // reserved, broadcast
    ]

    private static func isPublic4(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == 4 else { return false }
        let number = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return !reserved4.contains { range, length in (number ^ range) >> (32 - UInt32(length)) == 0 }
    }

    private static func isPublic6(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == 16 else { return false }
        // IPv4 in IPv6: mapped, and translated by NAT64.
        if bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
            || bytes.starts(with: [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0])
        {
            return isPublic4(Array(bytes.suffix(4)))
        }
        // Nothing but 2000::/3 has been given out.
        guard bytes[0] >> 5 == 1 else { return false }
        // Teredo and protocols, examples, 6to4, which holds an IPv4 address.
        if bytes.starts(with: [0x20, 0x01]), bytes[2] < 2 { return false }
        if bytes.starts(with: [0x20, 0x01, 0x0D, 0xB8]) || bytes.starts(with: [0x20, 0x02]) { return false }
        return !(bytes[0] == 0x3F && bytes[1] == 0xFF && bytes[2] < 0x10)
    }
}
