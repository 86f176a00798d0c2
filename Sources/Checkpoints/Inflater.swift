import CZlib

/// Unpacks deflated contents of a file piece by piece, in little memory.
enum Inflater {
    private static let pieceSize = 1 << 16

    /// Fills a buffer with unpacked bytes.
    /// - Parameters:
    ///   - packed: Where the deflated bytes (without a zlib header) are in the file.
    ///   - skipped: How many unpacked bytes come before the buffer's first.
    /// - Throws: `CheckpointError` when the stream is broken or ends before the buffer is full.
    static func unpack(
        _ packed: Range<Int>, of file: ReadOnlyFile, skipping skipped: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws {
        let broken = CheckpointError.damaged(file.name, "holds deflated bytes that cannot be unpacked")
        var stream = z_stream()
        guard inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw broken
        }
        defer { inflateEnd(&stream) }

        // zlib keeps a pointer to its input between calls, so the piece must not move.
        let input = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 16)
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 16)
        defer {
            input.deallocate()
            scratch.deallocate()
        }
        var next = packed.lowerBound
        var toSkip = skipped
        var filled = 0
        while filled < buffer.count {
            if stream.avail_in == 0, next < packed.upperBound {
                let piece = UnsafeMutableRawBufferPointer(
                    rebasing: input[..<min(pieceSize, packed.upperBound - next)])
                try file.read(at: next, into: piece)
                next += piece.count
                stream.next_in = piece.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.avail_in = uInt(piece.count)
            }
            let status: Int32
            if toSkip > 0 {
                let target = UnsafeMutableRawBufferPointer(rebasing: scratch[..<min(pieceSize, toSkip)])
                let written: Int
                (written, status) = step(&stream, target)
                toSkip -= written
            } else {
                let written: Int
                (written, status) = step(&stream, UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
                filled += written
            }
            // Z_BUF_ERROR: the input is used up and nothing more comes out.
            guard status == Z_OK || (status == Z_STREAM_END && filled == buffer.count) else { throw broken }
        }
    }

    private static func step(
        _ stream: inout z_stream, _ output: UnsafeMutableRawBufferPointer
    ) -> (written: Int, status: Int32) {
        // One call takes at most what a C unsigned int counts.
        let room = min(output.count, 1 << 30)
        stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = uInt(room)
        let status = inflate(&stream, Z_NO_FLUSH)
        return (room - Int(stream.avail_out), status)
    }
}
