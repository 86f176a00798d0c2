internal import CImageCodecs
import HiRED

/// One funnel from the codecs' C functions to errors.
enum CodecStatus {
    /// Calls with room for a message.
    ///
    /// - Throws: `ImageError`.
    static func check(name: String, _ call: (UnsafeMutablePointer<CChar>) -> ic_status) throws {
        let (status, message) = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(IC_MESSAGE_SIZE)) { room in
            room.initialize(repeating: 0)
            // The allocation is not empty.
            let status = room.baseAddress.map(call) ?? ic_out_of_memory
            let text = room.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            return (status, String(decoding: text, as: UTF8.self))
        }
        switch status {
        case ic_ok: return
        case ic_unsupported: throw ImageError.unsupported(name: name, what: "this kind of JPEG (\(message))")
        case ic_out_of_memory: throw ImageError.unreadable(path: name, reason: message)
        default: throw ImageError.malformed(name: name, reason: message)
        }
    }
}

extension ic_size {
    init(_ size: PixelSize) { self.init(width: UInt32(size.width), height: UInt32(size.height)) }

    init(_ image: RGBImage) { self.init(width: UInt32(image.width), height: UInt32(image.height)) }
}

extension ImageDecoder {
    /// - Throws: `ImageError.tooLarge`, `.malformed`.
    func pixelSize(_ size: ic_size, name: String) throws -> PixelSize {
        try checkSize(width: Int(size.width), height: Int(size.height), name: name)
        return PixelSize(width: Int(size.width), height: Int(size.height))
    }
}
