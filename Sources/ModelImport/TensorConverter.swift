import CQuantization
import Checkpoints
import Crypto
import ElementTypes
import Foundation

/// Converts tensors chunk by chunk through buffers that are used again for the next one.
///
/// One converter serves one thread.
struct TensorConverter: ~Copyable {
    /// Source bytes read at once: large enough for the disk, small enough for the cache of a core's neighbour.
    private static let chunkByteCount = 4 << 20

    private let source = Buffer()
    private let wide = Buffer()
    private let values = Buffer()
    private let scales = Buffer()

    /// Memory that grows and is not given back.
    private final class Buffer {
        private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 64)

        deinit { memory.deallocate() }

        func bytes(_ count: Int) -> UnsafeMutableRawBufferPointer {
            if memory.count < count {
                memory.deallocate()
                memory = .allocate(byteCount: count, alignment: 64)
            }
            return UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
        }
    }

    /// Reads, converts and writes one tensor.
    ///
    /// - Parameter progress: called after each chunk with its source bytes; may throw to stop.
    /// - Returns: SHA-256 of the source's values, in hexadecimal.
    /// - Throws: `CheckpointError`, `ImportError`.
    func convert(_ item: GraphPlan.Item, to file: OutputFile, progress: (Int) throws -> Void) throws -> String {
        let entry = item.entry
        let columns = max(item.columns, 1)
        let rows = entry.elementCount / columns
        let rowByteCount = columns * entry.elementType.bitWidth / 8
        // What is not in the file as it is would be unpacked anew for every part.
        let isDirect = entry.fileOffset != nil
        let chunkRows = isDirect ? max(Self.chunkByteCount / max(rowByteCount, 1), 1) : rows
        var hash = SHA256()
        var row = 0
        while row < rows {
            let count = min(chunkRows, rows - row)
            let bytes = source.bytes(count * rowByteCount)
            try item.source.read(entry, at: row * rowByteCount, into: bytes)
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
            try write(UnsafeRawBufferPointer(bytes), item, row: row, rows: count, columns: columns, to: file)
            try progress(bytes.count)
            row += count
        }
        return hash.finalize().map { String(format: "%02x", $0) }.joined()
    }

    private func write(
        _ bytes: UnsafeRawBufferPointer, _ item: GraphPlan.Item, row: Int, rows: Int, columns: Int, to file: OutputFile
    ) throws {
        let elements = rows * columns
        let start = row * columns
        let floats = wide.bytes(4 * elements).bindMemory(to: Float.self)
        guard let floatAddress = floats.baseAddress, let sourceAddress = bytes.baseAddress else { return }
        let type =
            switch item.entry.elementType {
            case .f16: CQ_F16
            case .bf16: CQ_BF16
            default: CQ_F32
            }
        guard cq_widen(sourceAddress, Int32(type), elements, floatAddress) else {
            throw unusable(item, "holds a value that is not a finite number")
        }
        let groups = item.format.groupCount(columns: columns)
        let scaleBytes = scales.bytes(2 * rows * groups)
        let scaleAddress = scaleBytes.bindMemory(to: UInt16.self).baseAddress
        var fits = true
        var output = bytes
        var place = start * item.entry.elementType.bitWidth / 8
        switch item.format {
        case .copy: break
        case .half:
            let target = values.bytes(2 * elements)
            fits = cq_narrow(floatAddress, elements, target.bindMemory(to: UInt16.self).baseAddress)
            (output, place) = (UnsafeRawBufferPointer(target), 2 * start)
        case .int8:
            let target = values.bytes(elements)
            fits = cq_int8(floatAddress, rows, columns, target.bindMemory(to: Int8.self).baseAddress, scaleAddress)
            (output, place) = (UnsafeRawBufferPointer(target), start)
        case .int4(let group):
            let target = values.bytes(elements / 2)
            fits = cq_int4(
                floatAddress, rows, columns, group, target.bindMemory(to: UInt8.self).baseAddress, scaleAddress)
            (output, place) = (UnsafeRawBufferPointer(target), start / 2)
        }
        guard fits else { throw unusable(item, "holds a value beyond the range of f16") }
        try file.write(output, at: item.offset + place)
        if let scaleOffset = item.scaleOffset {
            try file.write(UnsafeRawBufferPointer(scaleBytes), at: scaleOffset + 2 * row * groups)
        }
    }

    private func unusable(_ item: GraphPlan.Item, _ reason: String) -> ImportError {
        .unusableValues(tensor: item.entry.name, file: item.entry.file, reason: reason)
    }
}
