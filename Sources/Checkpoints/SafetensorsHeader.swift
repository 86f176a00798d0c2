// The names are those of the JSON they are read from.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation

/// The header of one safetensors file: eight bytes of length (little endian), that much JSON, then the tensors.
///
/// Format: https://github.com/huggingface/safetensors (README, "Format"), whose rules are all checked: offsets in order
/// without overlap or hole, sizes that match the shapes, nothing beyond the end.
struct SafetensorsHeader {
    let tensors: [String: TensorEntry]

    /// The longest header that upstream accepts.
    private static let longestHeader = 100_000_000

    private struct Item: Decodable {
        let dtype: String
        let shape: [Int]
        let data_offsets: [Int]
    }

    /// A tensor, or `__metadata__`.
    private enum Entry: Decodable {
        case tensor(Item)
        case metadata

        init(from decoder: any Decoder) throws {
            if decoder.codingPath.last?.stringValue == "__metadata__" {
                _ = try [String: String](from: decoder)
                self = .metadata
            } else {
                self = .tensor(try Item(from: decoder))
            }
        }
    }

    /// - Throws: `CheckpointError.unreadable` or `.malformed`.
    init(contentsOf url: URL) throws(CheckpointError) {
        let path = url.path
        func damaged(_ reason: String) -> CheckpointError { .malformed(path: path, reason: reason) }

        let fileSize: Int
        let json: Data
        do {
            let file = try FileHandle(forReadingFrom: url)
            defer { try? file.close() }
            fileSize = Int(try file.seekToEnd())
            try file.seek(toOffset: 0)
            guard fileSize >= 8, let prefix = try file.read(upToCount: 8), prefix.count == 8 else {
                throw damaged("it holds \(fileSize) bytes, less than a header")
            }
            let length = prefix.enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
            guard length <= UInt64(Self.longestHeader), Int(length) <= fileSize - 8 else {
                throw damaged("its header claims \(length) bytes of a file of \(fileSize)")
            }
            json = try file.read(upToCount: Int(length)) ?? Data()
            guard json.count == Int(length) else { throw damaged("its header is cut short") }
        } catch let error as CheckpointError {
            throw error
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }

        let entries: [String: Entry]
        do {
            entries = try JSONDecoder().decode([String: Entry].self, from: json)
        } catch {
            throw damaged("its header is not the JSON of a safetensors file")
        }
        let dataStart = 8 + json.count
        var tensors: [String: TensorEntry] = [:]
        for (name, entry) in entries {
            guard case .tensor(let item) = entry else { continue }
            guard let type = TensorType(rawValue: item.dtype) else {
                throw damaged("tensor '\(name)' has the unknown type '\(item.dtype)'")
            }
            guard item.data_offsets.count == 2, 0 <= item.data_offsets[0], item.data_offsets[0] <= item.data_offsets[1],
                item.data_offsets[1] <= fileSize - dataStart
            else { throw damaged("the offsets \(item.data_offsets) of tensor '\(name)' do not lie in the file") }
            var size = type.byteWidth
            for dimension in item.shape {
                let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
                guard dimension >= 0, !overflow else { throw damaged("tensor '\(name)' has the shape \(item.shape)") }
                size = product
            }
            guard item.data_offsets[1] - item.data_offsets[0] == size else {
                throw damaged(
                    "tensor '\(name)' takes \(item.data_offsets[1] - item.data_offsets[0]) bytes, its shape asks for \(size)"
                )
            }
            tensors[name] = TensorEntry(
                type: type, shape: item.shape, byteOffset: dataStart + item.data_offsets[0], byteCount: size)
        }
        var end = dataStart
        for (name, tensor) in tensors.sorted(by: {
            ($0.value.byteOffset, $0.value.byteCount) < ($1.value.byteOffset, $1.value.byteCount)
        }) {
            guard tensor.byteOffset == end else {
                throw damaged(
                    "tensor '\(name)' \(tensor.byteOffset < end ? "overlaps another" : "leaves a hole before it")")
            }
            end += tensor.byteCount
        }
        guard end == fileSize else { throw damaged("\(fileSize - end) bytes follow its last tensor") }
        self.tensors = tensors
    }
}
