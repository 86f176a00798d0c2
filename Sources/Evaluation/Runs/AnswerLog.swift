import Foundation
import OrderedJSON
import Reporting
import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Answers as they come, a line each, behind a line of settings. A run that was killed goes on from here: a line that
/// was cut is taken away, and its question is asked again.
final class AnswerLog: Sendable {
    private struct Header: Codable { var settings: RunSettings }

    private struct State {
        var records: [AnswerRecord.Key: AnswerRecord]
        var descriptor: Int32
    }

    private let path: String
    private let state: Mutex<State>

    /// Opens a log, or begins one.
    ///
    /// - Throws: `EvaluationError.otherRun` for a log of other settings, `.damagedLog`, `.cannotWrite`.
    init(_ url: URL, settings: RunSettings) throws(EvaluationError) {
        path = url.path
        let bytes = (try? Data(contentsOf: url)) ?? Data()
        let end = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        var records: [AnswerRecord.Key: AnswerRecord] = [:]
        for (number, line) in bytes[..<end].split(separator: UInt8(ascii: "\n")).enumerated() {
            if number == 0 {
                guard let header = try? ReportCoding.decode(Header.self, from: Data(line)) else {
                    throw .damagedLog(path: path, line: 1)
                }
                if let difference = settings.difference(from: header.settings) {
                    throw .otherRun(path: path, difference: difference)
                }
            } else {
                guard let record = try? ReportCoding.decode(AnswerRecord.self, from: Data(line)) else {
                    throw .damagedLog(path: path, line: number + 1)
                }
                if records[record.key] == nil { records[record.key] = record }
            }
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0, ftruncate(descriptor, off_t(end)) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else {
            throw .cannotWrite(path: path, reason: String(cString: strerror(errno)))
        }
        state = Mutex(State(records: records, descriptor: descriptor))
        if end == 0 { try append(Header(settings: settings)) }
    }

    deinit { state.withLock { _ = close($0.descriptor) } }

    func record(_ key: AnswerRecord.Key) -> AnswerRecord? { state.withLock { $0.records[key] } }

    /// Keeps an answer. When this returns, a killed program has lost none of it.
    ///
    /// - Throws: `EvaluationError.cannotWrite`.
    func append(_ record: AnswerRecord) throws(EvaluationError) {
        try append(record as any Encodable)
        state.withLock { $0.records[record.key] = record }
    }

    private func append(_ value: any Encodable) throws(EvaluationError) {
        guard var line = try? ReportCoding.encode(value) else { throw .cannotWrite(path: path, reason: "a number") }
        line.append(UInt8(ascii: "\n"))
        let problem: Int32? = state.withLock { state in
            var rest = line[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(state.descriptor, $0.baseAddress, $0.count) }
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno != EINTR {
                    return errno
                }
            }
            return nil
        }
        if let problem { throw .cannotWrite(path: path, reason: String(cString: strerror(problem))) }
    }
}
