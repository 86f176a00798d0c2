import Foundation

/// Writes pickles opcode by opcode, and ZIP files around them, whole or lying.
enum PickleWriter {
    static let start: [UInt8] = [0x80, 2]
    static let stop = Array(".".utf8)

    static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }

    static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return Array("X".utf8) + little(bytes.count, 4) + bytes
    }

    /// LONG1 of eight bytes.
    static func integer(_ value: Int) -> [UInt8] { [0x8A, 8] + little(value, 8) }

    static func tuple(_ items: [[UInt8]]) -> [UInt8] { Array("(".utf8) + items.flatMap { $0 } + Array("t".utf8) }

    static func storage(_ key: String, _ type: String = "FloatStorage", count: Int) -> [UInt8] {
        tuple([text("storage"), global("torch", type), text(key), text("cpu"), integer(count)]) + Array("Q".utf8)
    }

    static func tensor(_ storage: [UInt8], offset: Int, shape: [Int], strides: [Int]) -> [UInt8] {
        let arguments = [
            storage, integer(offset), tuple(shape.map(integer)), tuple(strides.map(integer)), [0x89],
            global("collections", "OrderedDict") + Array(")R".utf8),
        ]
        return global("torch._utils", "_rebuild_tensor_v2") + tuple(arguments) + Array("R".utf8)
    }

    /// A dictionary with one entry.
    static func dictionary(_ key: String, _ value: [UInt8]) -> [UInt8] {
        start + Array("}".utf8) + text(key) + value + Array("s".utf8) + stop
    }

    static func little(_ value: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}

enum ZipWriter {
    /// Stored entries, one after another, and their directory.
    static func file(_ entries: KeyValuePairs<String, [UInt8]>) -> [UInt8] {
        var body: [UInt8] = []
        var directory: [UInt8] = []
        let little = PickleWriter.little
        for (name, data) in entries {
            let label = Array(name.utf8)
            let sizes = little(data.count, 4) + little(data.count, 4) + little(label.count, 2) + little(0, 2)
            let shared = little(20, 2) + little(0, 12) + sizes
            directory += little(0x0201_4B50, 4) + little(20, 2) + shared + little(0, 10)
            directory += little(body.count, 4) + label
            body += little(0x0403_4B50, 4) + shared + label + data
        }
        let end =
            little(0x0605_4B50, 4) + little(0, 4) + little(entries.count, 2) + little(entries.count, 2)
            + little(directory.count, 4) + little(body.count, 4) + little(0, 2)
        return body + directory + end
    }

    /// What `torch.save` would write for a pickle and a storage.
    static func checkpoint(_ pickle: [UInt8], storage: [UInt8] = [UInt8](repeating: 0, count: 16)) -> [UInt8] {
        file(["archive/data.pkl": pickle, "archive/data/0": storage])
    }
}
