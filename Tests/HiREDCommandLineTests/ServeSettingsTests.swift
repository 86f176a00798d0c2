import Foundation
import Testing

@testable import HiREDCommandLine

/// Options of the server from a file, from the environment and from the command line.
@Suite struct ServeSettingsTests {
    private func apply(
        _ file: String?, _ environment: [String: String] = [:], _ arguments: [String] = []
    ) throws -> ServeCommand? {
        let scratch = try Scratch()
        var path: String?
        if let file {
            path = scratch.path("server.json")
            try file.write(toFile: scratch.path("server.json"), atomically: true, encoding: .utf8)
        }
        return try ServeSettings(file: path, environment: environment).applied(to: arguments)
    }

    @Test func theCommandLineCountsBeforeTheEnvironmentAndThatBeforeTheFile() throws {
        let file = #"{"model": "A", "port": 1, "host": "::1", "max-images": 3, "budget": "10%"}"#
        let environment = ["HIRED_SERVE_PORT": "2", "HIRED_SERVE_HOST": "::2", "OTHER": "x"]
        let command = try #require(try apply(file, environment, ["--port", "3"]))
        #expect(command.model == "A")
        #expect(command.place.port == 3)
        #expect(command.place.host == "::2")
        #expect(command.limits.maxImages == 3)
        #expect(command.selection.budget == "10%")
        let named = try #require(try apply(file, environment, ["B", "--port=3"]))
        #expect(named.model == "B")
        #expect(try apply(nil, [:], ["C"]) == nil)
    }

    @Test func listsAndFlagsAreGivenAnew() throws {
        let file = #"{"api-key": ["one", "two"], "allow-remote-images": true, "allow-origin": "https://a.example"}"#
        let command = try #require(try apply(file))
        #expect(command.access.apiKey == ["one", "two"])
        #expect(command.access.allowRemoteImages)
        #expect(command.access.allowOrigin == ["https://a.example"])
        let other = try #require(
            try apply(file, ["HIRED_SERVE_ALLOW_REMOTE_IMAGES": "false"], ["--api-key", "three"]))
        #expect(other.access.apiKey == ["three"])
        #expect(!other.access.allowRemoteImages)
    }

    @Test(arguments: [
        (#"{"prot": 1}"#, "prot"), (#"{"port": "x"}"#, "port"), (#"{"port": [[1]]}"#, "port"),
        (#"{"port": true}"#, "port"),
        (#"{"max-images": {}}"#, "max-images"), ("[]", "server.json"), ("{", "server.json"),
        (#"{"port":1,"port":2}"#, "twice"),
    ])
    func namesWhatIsWrongInAFile(_ file: String, _ word: String) throws {
        let error = #expect(throws: CommandError.self) { try apply(file) }
        #expect(error?.status == .badData)
        #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("server.json") == true)
    }

    @Test func namesWhatIsWrongInTheEnvironment() throws {
        for (name, value) in [
            ("HIRED_SERVE_PROT", "1"), ("HIRED_SERVE_PORT", "x"), ("HIRED_SERVE_ALLOW_REMOTE_IMAGES", "maybe"),
        ] {
            let error = #expect(throws: CommandError.self) { try apply(nil, [name: value]) }
            #expect(error?.description.contains(name) == true, "\(error?.description ?? "")")
        }
    }

    @Test(arguments: [
        (["--port", "70000"], "port"), (["--tls-key", "k"], "certificate"), (["--model-name", "gpt-5"], "gpt-5"),
        (["--model-name", "a@b"], "@"), (["--api-key", "a b"], "api-key"),
        (["--allow-origin", "example.org"], "origin"),
        (["--api-key-file", "/nonexistent"], "/nonexistent"), (["--max-images", "0"], "max-images"),
        (["--request-timeout", "0"], "request-timeout"), (["--log-level", "loud"], "loud"),
        (["--budget", "auto"], "max-ttft"),
        (["--generation-settings", "x"], "generation-settings"), (["--max-tokens", "0"], "max-tokens"),
    ])
    func refusesSettingsBeforeAModelIsLoaded(_ arguments: [String], _ word: String) throws {
        let outcome = try Program.run(["serve", Program.demo] + arguments)
        #expect(outcome.status == 64 || outcome.status == 66, "\(outcome.error)")
        #expect(outcome.error.split(separator: "\n").count == 1, "\(outcome.error)")
        #expect(outcome.error.contains(word), "\(outcome.error)")
    }

    @Test func refusesAModelThatIsNotThere() throws {
        try Program.expectFailure(["serve", "/nonexistent"], 66, "/nonexistent")
        try Program.expectFailure(["serve"], 64, "model")
    }

    /// Listens, and ends with 0 once a signal says to: when it is ready, and while it is not.
    @Test(arguments: ["listening", "ready"])
    func servesUntilItIsTold(_ word: String) throws {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = Program.url
        process.arguments = ["serve", Program.demo, "--port", "0"]
        process.standardError = pipe
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        var text = ""
        while !text.contains(word) {
            let data = pipe.fileHandleForReading.availableData
            try #require(!data.isEmpty, "it ended: \(text)")
            text += String(decoding: data, as: UTF8.self)
        }
        process.terminate()
        text += String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
        #expect(process.terminationReason == .exit)
        #expect(text.contains("draining") && text.contains("stopped"), "\(text)")
    }

    @Test func tellsThatAPortIsTaken() throws {
        // Port 1 is for who may; a port that something listens at already is for nobody.
        let listener = try Listener()
        let outcome = try Program.run(["serve", Program.demo, "--port", "\(listener.port)"])
        #expect(outcome.status == 64, "\(outcome.error)")
        #expect(outcome.error.contains("127.0.0.1:\(listener.port)"), "\(outcome.error)")
        #expect(outcome.error.contains("another port"), "\(outcome.error)")
    }
}

/// Something that listens.
private final class Listener {
    private let descriptor: Int32
    let port: Int

    init() throws {
        #if canImport(Darwin)
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isListening)
        port = Int(in_port_t(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }
}
