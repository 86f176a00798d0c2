import Foundation
import Testing

/// The program as a user starts it.
enum Program {
    struct Outcome {
        var status: Int32
        var output: String
        var error: String
    }

    /// It lies beside the test bundle.
    static var url: URL {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        while folder.path != "/", !FileManager.default.isExecutableFile(atPath: folder.appending(path: "hired").path) {
            folder.deleteLastPathComponent()
        }
        return folder.appending(path: "hired")
    }

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let demo = repository.appending(path: "Models/demo").path

    /// Runs to the end.
    /// - Parameters:
    ///   - environment: variables to set besides those that are.
    ///   - input: what is on standard input; that of the tests unless given.
    ///   - during: called when the program has started.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], input: String? = nil,
        during: (Process) throws -> Void = { _ in }
    ) throws -> Outcome {
        let process = Process()
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.executableURL = url
        process.arguments = arguments
        let (output, error) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        let questions = Pipe()
        if input != nil { process.standardInput = questions }
        try process.run()
        if let input {
            try questions.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try questions.fileHandleForWriting.close()
        }
        try during(process)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let errors = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, output: text, error: errors)
    }

    /// One JSON object of a run that ends well.
    static func json(_ arguments: [String]) throws -> [String: Any] {
        let outcome = try run(arguments)
        #expect(outcome.status == 0, "\(arguments): \(outcome.error)")
        return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    }

    /// One line on standard error, nothing on standard output.
    static func expectFailure(_ arguments: [String], _ status: Int32, _ word: String) throws {
        let outcome = try run(arguments)
        #expect(outcome.status == status, "\(arguments): \(outcome.error)")
        #expect(outcome.output.isEmpty, "\(arguments)")
        #expect(outcome.error.hasPrefix("hired: "), "\(outcome.error)")
        #expect(outcome.error.split(separator: "\n").count == 1, "\(outcome.error)")
        #expect(outcome.error.contains(word), "\(outcome.error)")
    }
}

/// A folder that goes away with the object.
final class Scratch {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }
    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: url.path).sorted()) ?? [] }
}
