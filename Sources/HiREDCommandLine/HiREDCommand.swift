import ArgumentParser
import Foundation

@main
struct HiREDCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hired",
        abstract: "Answers questions about high-resolution pictures, fast, by dropping visual tokens.",
        discussion: """
            HiRED (AAAI 2025) keeps the visual tokens that the vision transformer's CLS attention finds most \
            informative, within a fixed budget, before the language model sees them.

            Try it: hired demo
            """,
        version: "0.1.0",
        subcommands: [
            AskCommand.self, ChatCommand.self, SelectCommand.self, ImportCommand.self,
            ExportLanguageModelCommand.self, InspectCommand.self,
            BatchCommand.self, BenchCommand.self, DemoCommand.self, EvalCommand.self, VisualizeCommand.self,
            AttentionCommand.self, ServeCommand.self,
        ])

    /// Every failure ends with one line on standard error and a code of sysexits.h.
    static func main() async {
        Output.prepare()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error where exitCode(for: error) == .success {
            // Help, a version, a completion script.
            Output.line(fullMessage(for: error))
        } catch {
            FailureReport.end(error)
        }
    }
}
