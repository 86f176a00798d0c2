import Dispatch
package import HiREDInference
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
package import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import UnixSignals

/// A model behind HTTP, from the first port to the last answer.
package struct Server: Sendable {
    private let options: ServerOptions
    private let place: ListeningPlace
    private let logger: Logger

    package init(_ options: ServerOptions, at place: ListeningPlace, logger: Logger) {
        self.options = options
        self.place = place
        self.logger = logger
    }

    /// Listens, loads the model, and answers until a signal says to stop; requests that were taken are then answered first.
    ///
    /// - Parameters:
    ///   - stop: ends the program at once, on a second signal.
    ///   - load: loads the model. Called once the server listens.
    /// - Throws: `ServingError` for a place it cannot listen at, and what loading throws.
    package func run(
        stop: @escaping @Sendable () -> Never, load: @escaping @Sendable () throws -> VisionLanguageModel
    ) async throws {
        let served = ServedModel()
        let routes = Routes(served, options: options, logger: logger)
        let addresses = place.addresses
        let (started, listening) = AsyncStream<Void>.makeStream()
        let builder = try place.builder(routes.channel, options: options)
        let responder = routes.router().buildResponder()
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(
                service: ModelService(
                    served: served, started: started, places: addresses.count, logger: logger, load: load),
                // A server that is cancelled traps in NIO over connections that it has accepted and not yet looked at.
                failureTerminationBehavior: .gracefullyShutdownGroup)
        ]
        for address in addresses {
            let application = Application(
                responder: responder, server: builder,
                configuration: ApplicationConfiguration(
                    address: .hostname(address, port: place.port), backlog: 512,
                    availableConnectionsDelegate: MaximumAvailableConnections(options.limits.connections)),
                onServerRunning: { [logger, place] channel in
                    logger.notice("listening", metadata: ["url": "\(place.url(address, channel.localAddress?.port))"])
                    listening.yield()
                }, logger: logger.quieter)
            services.append(.init(service: application))
        }
        // Behind all others: it is told to stop first.
        services.append(
            .init(
                service: SignalService(served: served, options: options, logger: logger, stop: stop),
                successTerminationBehavior: .gracefullyShutdownGroup))
        var configuration = ServiceGroupConfiguration(services: services, logger: logger.quieter)
        // All answers are whole by then; who still sends is not waited for.
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        do { try await ServiceGroup(configuration: configuration).run() } catch let error as IOError {
            throw ServingError(error, at: place)
        }
        logger.notice("stopped")
    }

    /// Loads the model once the server listens, and holds it.
    private struct ModelService: Service {
        let served: ServedModel
        let started: AsyncStream<Void>
        let places: Int
        let logger: Logger
        let load: @Sendable () throws -> VisionLanguageModel

        func run() async throws {
            var places = places
            for await _ in started {
                places -= 1
                if places == 0 { break }
            }
            try Task.checkCancellation()
            // Takes seconds, in which the pool's threads have others to serve, and a signal may come.
            let (loaded, source) = AsyncStream<Result<VisionLanguageModel, any Error>>.makeStream()
            DispatchQueue.global().async { [load] in source.yield(Result { try load() }) }
            for await result in loaded.cancelOnGracefulShutdown() {
                try await warmUp(result.get())
                break
            }
            try await gracefulShutdown()
        }

        private func warmUp(_ model: VisionLanguageModel) async throws {
            logger.notice("loaded", metadata: ["ms": "\(Int(model.loadMilliseconds))"])
            do {
                try await cancelWhenGracefulShutdown { try await served.serve(model) }
                logger.notice("ready")
            } catch is CancellationError { logger.notice("told to stop before it was ready") }
        }
    }

    /// Waits for signals: the first drains, the second ends the program.
    private struct SignalService: Service {
        let served: ServedModel
        let options: ServerOptions
        let logger: Logger
        let stop: @Sendable () -> Never

        func run() async throws {
            let signals = await UnixSignalsSequence(trapping: [.sigterm, .sigint])
            let (first, source) = AsyncStream<Void>.makeStream()
            // One reader for all of them: a reader that is cancelled ends the stream.
            let listening = Task { [logger, stop] in
                var isFirst = true
                for await signal in signals {
                    guard isFirst else { stop() }
                    isFirst = false
                    logger.notice("draining", metadata: ["signal": "\(signal)"])
                    source.yield()
                }
            }
            defer { listening.cancel() }
            for await _ in first.cancelOnGracefulShutdown() { break }
            await drain()
        }

        private func drain() async {
            guard let model = served.model else { return }
            await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    await model.drain()
                    return true
                }
                group.addTask {
                    try? await Task.sleep(for: .seconds(options.timeouts.drain))
                    return false
                }
                if await group.next() == false {
                    logger.warning("requests that were not answered in time are given up")
                    await model.shutDown()
                }
                group.cancelAll()
            }
        }
    }
}

extension Logger {
    /// For libraries, whose notes are of no use to who runs a server.
    var quieter: Logger {
        var logger = self
        logger.logLevel = max(logLevel, .warning)
        return logger
    }

    /// A log on standard error, a line for each request.
    package static func server(level: Logger.Level) -> Logger {
        var logger = Logger(label: "hired") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }
}
