import ArgumentParser
import Foundation
import HiREDInference
import Logging
import Serving

/// Where the server listens.
struct PlaceArguments: ParsableArguments {
    @Option(help: "The address to listen at; localhost is 127.0.0.1 and ::1, 0.0.0.0 is every one of IPv4.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen at; 0 takes a free one.")
    var port = 8080

    @Option(
        help:
            "A PEM file of the certificate and its chain: then connections are TLS, with HTTP/2 where clients speak it."
    )
    var tlsCertificate: String?

    @Option(help: "A PEM file of the certificate's key.")
    var tlsKey: String?

    func place() throws -> ListeningPlace {
        guard (0...65535).contains(port) else {
            throw CommandError(.usage, "port cannot be \(port); give a number from 0 to 65535")
        }
        switch (tlsCertificate, tlsKey) {
        case (nil, nil): return ListeningPlace(host: host, port: port)
        case (let certificate?, let key?):
            return ListeningPlace(host: host, port: port, tls: (certificate, key))
        default:
            throw CommandError(.usage, "a certificate goes with its key; give both --tls-certificate and --tls-key")
        }
    }
}

/// Who may ask the server.
struct AccessArguments: ParsableArguments {
    @Option(help: "A key that clients must send. Repeat for several. Others can see it in the list of processes.")
    var apiKey: [String] = []

    @Option(help: "A file with such keys, one a line.")
    var apiKeyFile: String?

    @Option(
        help: "An origin whose pages may ask from a browser, such as https://example.org, or *. Repeat for several.")
    var allowOrigin: [String] = []

    @Flag(
        inversion: .prefixedNo,
        help: "Fetch pictures from http and https addresses of the public net, never from private ones.")
    var allowRemoteImages = false

    func access() throws -> ServerOptions.Access {
        var access = ServerOptions.Access()
        access.keys = apiKey
        if let apiKeyFile {
            guard let text = try? String(contentsOfFile: apiKeyFile, encoding: .utf8) else {
                throw CommandError(.noInput, "\(apiKeyFile) cannot be read; give a text file with one key a line")
            }
            let keys = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
                .filter { !$0.isEmpty }
            guard !keys.isEmpty else { throw CommandError(.badData, "\(apiKeyFile) holds no key; give one a line") }
            access.keys += keys
        }
        guard access.keys.allSatisfy({ !$0.isEmpty && !$0.contains(where: \.isWhitespace) }) else {
            throw CommandError(.usage, "api-key cannot be empty or hold spaces; give letters and digits")
        }
        for origin in allowOrigin where origin != "*" {
            guard origin.contains("://"), !origin.hasSuffix("/") else {
                throw CommandError(
                    .usage, "allow-origin cannot be '\(origin)'; give a scheme and a host, as in https://example.org")
            }
        }
        access.origins = allowOrigin
        access.allowsRemoteImages = allowRemoteImages
        return access
    }
}

/// How requests are answered that leave something out.
struct AnswerArguments: ParsableArguments {
    @Option(help: "The name that clients call the model by; its folder's unless given.")
    var modelName: String?

    @Option(help: "The longest answer, in tokens, where a request does not say.")
    var maxTokens = 1024

    @Option(
        help:
            "Where sampling options come from that requests leave out: the model's generation_config.json (file), or none."
    )
    var generationSettings = "file"

    @Option(help: "How much is logged: trace, debug, info (a line for each request), notice, warning, error.")
    var logLevel = "info"

    func name(for folder: String) throws -> String {
        guard maxTokens > 0 else { throw CommandError(.usage, "max-tokens cannot be \(maxTokens); give at least 1") }
        guard let modelName else {
            return ServerOptions.suggestedName(forFolder: URL(fileURLWithPath: folder).lastPathComponent)
        }
        if let problem = ServerOptions.problem(ofName: modelName) {
            throw CommandError(.usage, "model-name cannot be '\(modelName)': \(problem)")
        }
        return modelName
    }

    func settings() throws -> GenerationSettings {
        guard let settings = GenerationSettings(rawValue: generationSettings) else {
            throw CommandError(.usage, "unknown generation-settings '\(generationSettings)'; give file or none")
        }
        return settings
    }

    func level() throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw CommandError(.usage, "unknown log-level '\(logLevel)'; give debug, info, notice, warning or error")
        }
        return level
    }
}

/// What requests may take.
struct LimitArguments: ParsableArguments {
    @Option(help: "Answers that are computed at once; each has its own keys and values.")
    var maxRunning = 64

    @Option(help: "Requests that may wait beyond those; a further one is refused with 429 and told when to come back.")
    var maxWaiting = 256

    @Option(
        help:
            "Under load, lower a picture's budget to this many tokens rather than let its request wait; answers say so."
    )
    var loadBudgetFloor: Int?

    @Option(help: "The largest body of a request, as in 50MB; a larger one is refused with 413.")
    var maxBody: ByteCount?

    @Option(help: "All bodies that are being read together, as in 512MB; what does not fit is refused with 429.")
    var maxBodies: ByteCount?

    @Option(help: "Pictures in one request.")
    var maxImages = 16

    @Option(help: "Tokens of a prompt with its pictures; as many as the model reads unless given.")
    var maxPromptTokens: Int?

    @Option(help: "Connections that are open at once; further ones wait to be accepted.")
    var maxConnections = 1024

    func limits(pixels: Int) throws -> ServerOptions.Limits {
        for (name, value, least) in [
            ("max-running", maxRunning, 1), ("max-waiting", maxWaiting, 0), ("max-images", maxImages, 1),
            ("max-connections", maxConnections, 1), ("max-prompt-tokens", maxPromptTokens ?? 1, 1),
            ("load-budget-floor", loadBudgetFloor ?? 1, 1),
        ] where value < least {
            throw CommandError(.usage, "\(name) cannot be \(value); give at least \(least)")
        }
        var limits = ServerOptions.Limits()
        limits.bodyBytes = maxBody?.bytes ?? limits.bodyBytes
        limits.allBodyBytes = max(maxBodies?.bytes ?? limits.allBodyBytes, limits.bodyBytes)
        limits.images = maxImages
        limits.pixels = pixels
        limits.promptTokens = maxPromptTokens
        limits.connections = maxConnections
        return limits
    }

    func apply(to engine: inout EngineOptions) {
        engine.maximumSequences = maxRunning
        engine.maximumWaiting = maxWaiting
        engine.loadBudgetFloor = loadBudgetFloor
    }
}

/// How long things may take.
struct TimeoutArguments: ParsableArguments {
    @Option(help: "Until an answer is whole; a request that takes longer ends with 504.")
    var requestTimeout = 600.0

    @Option(help: "Until a new connection has sent its first header.")
    var headerTimeout = 20.0

    @Option(help: "Until a request's body is whole, however steadily it drips.")
    var bodyTimeout = 120.0

    @Option(help: "That a client may read nothing of an answer that waits for it.")
    var writeTimeout = 60.0

    @Option(help: "That a connection may be idle between two requests.")
    var idleTimeout = 75.0

    @Option(help: "Between two comments that a stream sends while there is nothing else to send.")
    var pingInterval = 10.0

    @Option(help: "That answers may take to end once the server is to stop.")
    var drainTimeout = 120.0

    func timeouts() throws -> ServerOptions.Timeouts {
        for (name, value) in [
            ("request-timeout", requestTimeout), ("header-timeout", headerTimeout), ("body-timeout", bodyTimeout),
            ("write-timeout", writeTimeout), ("idle-timeout", idleTimeout), ("ping-interval", pingInterval),
            ("drain-timeout", drainTimeout),
        ] where !(value > 0 && value <= 1e7) {
            throw CommandError(.usage, "\(name) cannot be \(value); give seconds above 0, such as 30")
        }
        var timeouts = ServerOptions.Timeouts()
        timeouts.request = requestTimeout
        timeouts.header = headerTimeout
        timeouts.body = bodyTimeout
        timeouts.stalledWrite = writeTimeout
        timeouts.idle = idleTimeout
        timeouts.ping = pingInterval
        timeouts.drain = drainTimeout
        return timeouts
    }
}
