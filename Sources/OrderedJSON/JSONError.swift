public import Failures

/// Why a JSON text could not be read, and where.
public struct JSONError: Failure, Hashable {
    public enum Reason: Sendable, Hashable {
        case notUTF8
        /// What stands here, or is missing here, against the grammar (RFC 8259).
        case syntax(String)
        case tooManyBytes(Int, limit: Int)
        case tooDeep(limit: Int)
        case tooManyValues(limit: Int)
        case duplicateKey(String)
        /// Well formed, but not what is needed here.
        case mismatch(String)
    }

    public let reason: Reason
    /// Bytes before the place.
    public let offset: Int
    /// From 1.
    public let line: Int
    /// In bytes, from 1.
    public let column: Int

    init(_ reason: Reason, offset: Int, in bytes: [UInt8]) {
        self.reason = reason
        self.offset = offset
        let before = bytes.prefix(offset)
        line = before.count { $0 == UInt8(ascii: "\n") } + 1
        column = before.count - ((before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1) + 1
    }

    public var kind: FailureKind {
        switch reason {
        case .tooManyBytes, .tooManyValues: .tooLarge
        case .notUTF8, .syntax, .tooDeep, .duplicateKey, .mismatch: .damagedFile
        }
    }

    /// The reader knows bytes, not where they came from; who opened the file says so.
    public var subject: FailureSubject? { nil }

    public var problem: String {
        let place = "line \(line), column \(column)"
        return switch reason {
        case .notUTF8: "is not UTF-8 text (byte \(offset))"
        case .syntax(let what): "cannot be decoded as JSON (\(place): \(what))"
        case .tooManyBytes(let count, let limit): "is \(count) bytes long, more than \(limit)"
        case .tooDeep(let limit): "nests deeper than \(limit) levels (\(place))"
        case .tooManyValues(let limit): "holds more than \(limit) values"
        case .duplicateKey(let key): "gives the key \(FailureText.quoted(key)) twice (\(place))"
        case .mismatch(let what): "does not hold what it should (\(place): \(what))"
        }
    }

    public var remedy: Remedy? { nil }
}
