import ElementTypes
import Foundation
import OrderedJSON

/// The header of one safetensors file, checked as strictly as upstream does (safetensors 0.8 `tensor.rs`:
/// `read_metadata` and `Metadata::validate`), and for names given twice.
///
/// Layout: length of the header (8 bytes, little-endian), the header (JSON), then the values without holes.
struct SafetensorsHeader: Sendable {
    struct Tensor: Sendable {
        var elementType: ElementType
        var shape: [Int]
        /// Place of the values, counted from the file's first byte.
        var range: Range<Int>
    }

    var tensors: [String: Tensor]

    /// Upstream's own bound.
    static let headerLimit = 100_000_000
    /// A tensor takes about ten values: room for ten times the tensors of the largest files known.
    private static let limits = JSONLimits(bytes: headerLimit, values: 8 << 20)

    /// Reads the header; the values are not touched.
    /// - Throws: `CheckpointError` naming the file and the tensor.
    init(_ file: ReadOnlyFile) throws {
        try Self.checkKind(file)
        guard file.byteCount >= 8 else {
            throw CheckpointError.damaged(file.name, "is \(file.byteCount) bytes long, too short for safetensors")
        }
        let length = try file.bytes(at: 0, count: 8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(Self.headerLimit) else {
            throw CheckpointError.damaged(
                file.name, "announces a header of \(length) bytes, more than \(Self.headerLimit)")
        }
        let dataStart = 8 + Int(length)
        guard dataStart <= file.byteCount else {
            throw CheckpointError.damaged(
                file.name, "announces a header of \(length) bytes, but has \(file.byteCount) bytes in all")
        }
        let text = try file.bytes(at: 8, count: Int(length))
        guard text.first == UInt8(ascii: "{") else {
            throw CheckpointError.damaged(file.name, "has a header that is not a JSON object")
        }
        let value = try JSONDocument.value(of: text, name: file.name, limits: Self.limits)
        let table = try JSONDocument.decode(HeaderTable.self, from: value, name: file.name)
        tensors = try Self.validate(table.entries, dataStart: dataStart, fileSize: file.byteCount, name: file.name)
    }

    /// Names what is no safetensors file at all for what it is.
    private static func checkKind(_ file: ReadOnlyFile) throws {
        let kind = try FileKind(file)
        if let refusal = kind.refusal(file.name) { throw refusal }
        guard kind == .zip else { return }
        throw CheckpointError(
            .malformed, file: file.name, problem: "is a ZIP file, as PyTorch writes them, not safetensors",
            remedy: "if it holds PyTorch weights, name it \(PyTorchArchive.singleFileName)")
    }

    private static func validate(
        _ entries: [String: HeaderTable.Entry], dataStart: Int, fileSize: Int, name: String
    ) throws -> [String: Tensor] {
        let dataSize = fileSize - dataStart
        var tensors: [String: Tensor] = [:]
        var end = 0
        // By name where offsets are equal, so that the same file always gives the same message.
        for (key, entry) in entries.sorted(by: {
            ($0.value.begin, $0.value.end, $0.key) < ($1.value.begin, $1.value.end, $1.key)
        }) {
            let tensor = "tensor \(CheckpointError.quoted(key))"
            guard let elementType = ElementType(safetensorsName: entry.dtype) else {
                throw CheckpointError(
                    .unsupported, file: name,
                    problem: "\(tensor) has the unknown type \(CheckpointError.quoted(entry.dtype))",
                    remedy: "F32, F16 and BF16 weights are supported")
            }
            guard entry.begin >= 0, entry.begin <= entry.end, entry.end <= dataSize else {
                throw CheckpointError.damaged(
                    name, "\(tensor) claims bytes \(entry.begin) to \(entry.end) of \(dataSize)")
            }
            guard entry.begin == end else {
                throw CheckpointError.damaged(
                    name, "\(tensor) begins at byte \(entry.begin), but the tensor before it ends at \(end)")
            }
            guard TensorEntry.byteCount(of: elementType, shape: entry.shape) == entry.end - entry.begin else {
                throw CheckpointError.damaged(
                    name,
                    "\(tensor) has \(entry.end - entry.begin) bytes, which \(entry.dtype) of shape "
                        + "\(entry.shape.prefix(8)) does not give")
            }
            tensors[key] = Tensor(
                elementType: elementType, shape: entry.shape, range: dataStart + entry.begin..<dataStart + entry.end)
            end = entry.end
        }
        guard end == dataSize else {
            throw CheckpointError.damaged(name, "has \(dataSize - end) bytes that belong to no tensor")
        }
        return tensors
    }
}

/// The header as JSON has it.
private struct HeaderTable: Decodable {
    struct Entry: Decodable {
        var dtype: String
        var shape: [Int]
        var begin: Int
        var end: Int

        private enum CodingKeys: String, CodingKey {
            case dtype, shape
            case offsets = "data_offsets"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            dtype = try container.decode(String.self, forKey: .dtype)
            shape = try container.decode([Int].self, forKey: .shape)
            let offsets = try container.decode([Int].self, forKey: .offsets)
            guard offsets.count == 2 else {
                throw DecodingError.dataCorruptedError(
                    forKey: .offsets, in: container, debugDescription: "needs a begin and an end")
            }
            (begin, end) = (offsets[0], offsets[1])
        }
    }

    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    var entries: [String: Entry] = [:]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Name.self)
        for key in container.allKeys {
            if key.stringValue == "__metadata__" {
                _ = try container.decodeIfPresent([String: String].self, forKey: key)
            } else {
                entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
            }
        }
    }
}
