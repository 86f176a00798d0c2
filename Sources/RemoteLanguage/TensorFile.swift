import CZlib
import Foundation
import HiREDInference

/// A file as `torch.save` writes it, with one tensor [rows, columns] on the processor: a zip of stored entries, the first
/// of them a pickle that says what the bytes of the others are.
///
/// Every byte of it is what `torch.load(weights_only=True)` takes, which checks the sums of all entries.
struct TensorFile {
    let type: RowType
    let rows: Int
    let columns: Int

    /// vLLM takes no more, and a plain zip file hardly.
    private static let limit = Int(Int32.max)

    private struct Entry {
        var name: String
        var sum: UInt32
        var byteCount: Int
        var offset: Int
    }

    /// The file of some values, row-major.
    ///
    /// - Throws: `RemoteLanguageError.unsendable`.
    func data(_ values: [Float]) throws -> Data {
        guard values.count <= Self.limit / type.bytesPerValue else {
            throw RemoteLanguageError.unsendable("its embeddings take more than 2 GB")
        }
        var data = Data(capacity: values.count * type.bytesPerValue + 2048)
        var entries: [Entry] = []
        append("archive/data.pkl", pickle, to: &data, &entries)
        append("archive/byteorder", Data("little".utf8), to: &data, &entries)
        var bytes = Data(capacity: values.count * type.bytesPerValue)
        try type.append(values, to: &bytes)
        append("archive/data/0", bytes, to: &data, &entries)
        append("archive/version", Data("3\n".utf8), to: &data, &entries)
        let start = data.count
        for entry in entries { appendDirectory(entry, to: &data) }
        let size = data.count - start
        data.append(little: UInt32(0x0605_4B50))
        for number in [0, 0, entries.count, entries.count] { data.append(little: UInt16(number)) }
        data.append(little: UInt32(size))
        data.append(little: UInt32(start))
        data.append(little: UInt16(0))
        return data
    }

    private func append(_ name: String, _ contents: Data, to data: inout Data, _ entries: inout [Entry]) {
        let sum = contents.withUnsafeBytes { bytes in
            UInt32(truncatingIfNeeded: crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
        }
        let entry = Entry(name: name, sum: sum, byteCount: contents.count, offset: data.count)
        entries.append(entry)
        data.append(little: UInt32(0x0403_4B50))
        data.append(little: UInt16(20))
        appendCommon(entry, to: &data)
        data.append(contentsOf: name.utf8)
        data.append(contents)
    }

    private func appendDirectory(_ entry: Entry, to data: inout Data) {
        data.append(little: UInt32(0x0201_4B50))
        for version in [20, 20] { data.append(little: UInt16(version)) }
        appendCommon(entry, to: &data)
        // No comment, first disk, attributes of nothing.
        for _ in 0..<3 { data.append(little: UInt16(0)) }
        data.append(little: UInt32(0))
        data.append(little: UInt32(entry.offset))
        data.append(contentsOf: entry.name.utf8)
    }

    /// What both of a zip's headers say: flags, stored, a date (the first of 1980), sum, sizes, lengths of name and extra.
    private func appendCommon(_ entry: Entry, to data: inout Data) {
        for number in [0, 0, 0, 0x21] { data.append(little: UInt16(number)) }
        data.append(little: entry.sum)
        data.append(little: UInt32(entry.byteCount))
        data.append(little: UInt32(entry.byteCount))
        data.append(little: UInt16(entry.name.utf8.count))
        data.append(little: UInt16(0))
    }

    /// `torch._utils._rebuild_tensor_v2(storage, 0, (rows, columns), (columns, 1), False, OrderedDict())`, in the second
    /// protocol of Python's pickles.
    private var pickle: Data {
        let storage =
            switch type {
            case .f16: "HalfStorage"
            case .bf16: "BFloat16Storage"
            case .f32: "FloatStorage"
            }
        var data = Data([0x80, 2])
        func global(_ module: String, _ name: String) { data.append(contentsOf: "c\(module)\n\(name)\n".utf8) }
        func text(_ text: String) {
            data.append(UInt8(ascii: "X"))
            data.append(little: UInt32(text.utf8.count))
            data.append(contentsOf: text.utf8)
        }
        func integer(_ number: Int) {
            // A signed number of eight bytes.
            data.append(contentsOf: [0x8A, 8])
            data.append(little: UInt64(number))
        }
        func letters(_ text: String) { data.append(contentsOf: text.utf8) }
        global("torch._utils", "_rebuild_tensor_v2")
        letters("((")
        text("storage")
        global("torch", storage)
        text("0")
        text("cpu")
        integer(rows * columns)
        letters("tQ")
        integer(0)
        for pair in [(rows, columns), (columns, 1)] {
            integer(pair.0)
            integer(pair.1)
            data.append(0x86)
        }
        data.append(0x89)
        global("collections", "OrderedDict")
        letters(")RtR.")
        return data
    }
}

extension Data {
    fileprivate mutating func append(little number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}
