import Foundation
import OrderedJSON

/// The questions of a file of JSON lines, each with its line's number. A line that cannot be used is an entry too, with
/// what is wrong.
struct BatchQuestions {
    struct Question: Decodable {
        var image: String
        var question: String
    }

    struct Line {
        /// From 1, empty lines counted.
        var number: Int
        var question: Result<Question, CommandError>
    }

    /// Enough for millions of questions; an endless pipe ends here.
    static let byteLimit = 1 << 30

    let lines: [Line]
    /// What the pictures' paths are relative to.
    let folder: URL

    /// - Parameter path: A file, or a pipe such as `/dev/stdin`; pictures of a pipe's are relative to the current folder.
    /// - Throws: `CommandError` where it cannot be read.
    init(path: String, byteLimit: Int = byteLimit) throws {
        let bytes = try Self.read(path, limit: byteLimit)
        let isNowhere = ["/dev/", "/proc/"].contains(where: path.hasPrefix)
        folder =
            isNowhere
            ? URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
            : URL(fileURLWithPath: path).deletingLastPathComponent()
        lines = Self.lines(of: bytes, path: path)
    }

    private static func read(_ path: String, limit: Int) throws -> Data {
        func unreadable(_ reason: String) -> CommandError {
            CommandError(.noInput, "\(path) cannot be read: \(reason); give a file of JSON lines")
        }
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            throw unreadable("it is a folder")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(String(cString: strerror(errno))) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var bytes = Data()
        do {
            while let part = try handle.read(upToCount: 1 << 20), !part.isEmpty {
                bytes += part
                guard bytes.count <= limit else {
                    throw CommandError(.badData, "\(path) is longer than \(limit) bytes; split it into several")
                }
            }
        } catch let error as CommandError {
            throw error
        } catch { throw unreadable((error as NSError).localizedDescription) }
        return bytes
    }

    private static func lines(of bytes: Data, path: String) -> [Line] {
        let mark = Data([0xEF, 0xBB, 0xBF])
        let text = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes
        let blank = Set(" \t\r".utf8)
        return text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated().compactMap {
            place, line in
            // JSON takes the carriage return of a Windows line's end for a space.
            line.allSatisfy(blank.contains)
                ? nil
                : Line(number: place + 1, question: question(Array(line), path: path, number: place + 1))
        }
    }

    private static func question(_ line: [UInt8], path: String, number: Int) -> Result<Question, CommandError> {
        func wrong(_ problem: String) -> Result<Question, CommandError> {
            .failure(
                CommandError(
                    .badData, "\(path), line \(number) \(problem); give an object with image and question, both texts"))
        }
        do {
            return .success(try JSONValue(parsing: line).decoded(as: Question.self))
        } catch let error as JSONError {
            return wrong(error.problem)
        } catch let error as DecodingError {
            return wrong(JSONError.problem(of: error))
        } catch { return wrong("cannot be read") }
    }
}
