import Failures
import Foundation
import OrderedJSON

/// JSON files of a checkpoint, read with bounds; every error names the file.
enum JSONDocument {
    /// - Throws: `CheckpointError`.
    static func value(from url: URL, name: String) throws -> JSONValue {
        let file = try ReadOnlyFile(url, name: name)
        guard file.byteCount <= JSONLimits.standard.bytes else {
            throw CheckpointError(
                .malformed, file: name,
                problem: "is \(file.byteCount) bytes long, more than \(JSONLimits.standard.bytes)",
                remedy: "put the checkpoint's own file here")
        }
        let bytes = try file.bytes(at: 0, count: file.byteCount)
        if let refusal = FileKind(start: Array(bytes.prefix(FileKind.prefixLength))).refusal(name) { throw refusal }
        return try value(of: bytes, name: name)
    }

    /// - Throws: `CheckpointError`.
    static func value(of bytes: [UInt8], name: String, limits: JSONLimits = .standard) throws -> JSONValue {
        do { return try JSONValue(parsing: bytes, limits: limits) } catch {
            throw CheckpointError.damaged(name, error.problem)
        }
    }

    /// - Throws: `CheckpointError`.
    static func decode<Value: Decodable>(_ type: Value.Type, from value: JSONValue, name: String) throws -> Value {
        do { return try value.decoded(as: type) } catch let error as DecodingError {
            throw CheckpointError.damaged(name, JSONError.problem(of: error))
        }
    }
}
