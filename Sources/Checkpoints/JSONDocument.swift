import Foundation

/// Bounds that are checked before a JSON text from outside reaches Foundation's decoder.
enum JSONDocument {
    /// No file of a checkpoint nests deeper than a handful of levels.
    static let depthLimit = 64
    /// The largest are tokenizer configurations and shard indexes: a few MiB.
    static let byteLimit = 64 << 20

    /// Reads and decodes a whole file.
    /// - Throws: `CheckpointError`.
    static func read<Value: Decodable>(_ type: Value.Type, from url: URL, name: String) throws -> Value {
        let file = try ReadOnlyFile(url, name: name)
        guard file.byteCount <= byteLimit else {
            throw CheckpointError(
                .malformed, file: name, problem: "is \(file.byteCount) bytes long, more than \(byteLimit)",
                remedy: "put the checkpoint's own file here")
        }
        return try decode(type, from: file.bytes(at: 0, count: file.byteCount), name: name)
    }

    /// Decodes a JSON text after checking encoding, depth and repeated keys.
    /// - Throws: `CheckpointError`.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8], name: String) throws -> Value {
        // Foundation would take a NUL near the start as a sign of UTF-16, which no other reader of these files does.
        guard !bytes.contains(0), String(bytes: bytes, encoding: .utf8) != nil else {
            throw CheckpointError.damaged(name, "is not UTF-8 text")
        }
        try checkStructure(bytes, name: name)
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as CheckpointError {
            throw error
        } catch let error as DecodingError {
            throw CheckpointError.damaged(name, describe(error))
        } catch {
            throw CheckpointError.damaged(name, "cannot be decoded as JSON")
        }
    }

    private static func describe(_ error: DecodingError) -> String {
        func place(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
            return path.isEmpty ? "the file" : path.map { CheckpointError.quoted($0) }.joined(separator: " → ")
        }
        switch error {
        case .typeMismatch(_, let context): return "\(place(context)) has the wrong type"
        case .valueNotFound(_, let context): return "\(place(context)) is null"
        case .keyNotFound(let key, let context): return "\(place(context)) lacks the key \"\(key.stringValue)\""
        case .dataCorrupted(let context):
            let detail = CheckpointError.quoted(context.debugDescription)
            return context.codingPath.isEmpty
                ? "cannot be decoded as JSON (\(detail))" : "\(place(context)) is not valid"
        @unknown default: return "cannot be decoded as JSON"
        }
    }

    /// One pass over the text: nesting, and keys given twice in one object. Foundation would keep one of two equal
    /// keys without saying which, so that two programs could read two different checkpoints from one file.
    private static func checkStructure(_ bytes: [UInt8], name: String) throws {
        var keys: [Set<ArraySlice<UInt8>>] = []
        var latest: ArraySlice<UInt8> = []
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                keys.append([])
                guard keys.count <= depthLimit else {
                    throw CheckpointError.damaged(name, "nests deeper than \(depthLimit) levels")
                }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                _ = keys.popLast()
            case UInt8(ascii: "\""):
                let start = index + 1
                index = start
                while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
                    index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                latest = bytes[min(start, bytes.count)..<min(max(start, index), bytes.count)]
            case UInt8(ascii: ":") where !keys.isEmpty:
                let key = latest.contains(UInt8(ascii: "\\")) ? unescaped(latest) : latest
                guard keys[keys.count - 1].insert(key).inserted else {
                    let text = CheckpointError.quoted(String(decoding: key, as: UTF8.self))
                    throw CheckpointError.damaged(name, "gives the key \(text) twice")
                }
            default: break
            }
            index += 1
        }
    }

    private static func unescaped(_ key: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let literal = Data([UInt8(ascii: "\"")] + key + [UInt8(ascii: "\"")])
        guard let text = try? JSONDecoder().decode(String.self, from: literal) else { return key }
        return ArraySlice(text.utf8)
    }
}
