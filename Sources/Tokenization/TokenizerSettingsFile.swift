import Foundation
import OrderedJSON

/// A small JSON object whose keys may be absent, null, or of several kinds.
struct TokenizerSettingsFile {
    let path: String
    /// Empty if there is no such file.
    let values: JSONObject
    let exists: Bool

    /// Values given at once.
    init(path: String, values: JSONObject) {
        self.path = path
        self.values = values
        exists = true
    }

    init(_ folder: URL, _ name: String) throws(TokenizerError) {
        let url = folder.appending(path: name)
        path = url.path
        let data: Data
        do { data = try FileReading.data(at: url, limit: 16 << 20) } catch {
            guard case .missing = error else { throw error }
            values = JSONObject()
            exists = false
            return
        }
        let value: JSONValue
        do { value = try JSONValue(parsing: Array(data)) } catch {
            throw .malformed(path: path, reason: error.problem)
        }
        guard case .object(let object) = value else {
            throw .malformed(path: path, reason: "it is not the JSON of an object")
        }
        values = object
        exists = true
    }

    func damaged(_ key: String) -> TokenizerError {
        .malformed(path: path, reason: "'\(key)' is of the wrong kind")
    }

    /// Nil if absent.
    func flag(_ key: String) throws(TokenizerError) -> Bool? {
        switch values[key] {
        case nil: return nil
        case .null: return false
        case .bool(let value): return value
        // Python takes numbers for truth values; a text is more likely a mistake.
        case .integer(let value): return value != 0
        default: throw damaged(key)
        }
    }

    func text(_ key: String) throws(TokenizerError) -> String? {
        switch values[key] {
        case nil, .null: return nil
        case .string(let value): return value
        default: throw damaged(key)
        }
    }

    func list(_ key: String) throws(TokenizerError) -> [JSONValue]? {
        switch values[key] {
        case nil, .null: return nil
        case .array(let value): return value
        default: throw damaged(key)
        }
    }

    func object(_ key: String) throws(TokenizerError) -> JSONObject? {
        switch values[key] {
        case nil: return nil
        case .object(let value): return value
        default: throw damaged(key)
        }
    }

    /// A token written as its text, or with its properties; nil if null.
    func token(_ value: JSONValue, _ key: String) throws(TokenizerError) -> LlamaTokenizerSettings.AddedToken? {
        switch value {
        case .null: return nil
        case .string(let content): return .init(content)
        case .object(let entries):
            guard case .string(let content)? = entries["content"] else { throw damaged(key) }
            return .init(
                content, isSpecial: entries["special"] == .bool(true), stripsLeft: entries["lstrip"] == .bool(true),
                stripsRight: entries["rstrip"] == .bool(true), isSingleWord: entries["single_word"] == .bool(true),
                isNormalized: entries["normalized"].map { $0 == .bool(true) })
        default: throw damaged(key)
        }
    }
}
