import ArgumentParser
import Foundation
import OrderedJSON

/// Options of the server from a file and from the environment, as if they stood on the command line before what does.
struct ServeSettings {
    let file: String?
    var environment = ProcessInfo.processInfo.environment

    static let prefix = "HIRED_SERVE_"
    private static let flags = ["allow-remote-images", "keep-separators"]

    /// - Parameter arguments: the command's own.
    /// - Returns: the command with all settings; nil where there are no others.
    /// - Throws: `CommandError` naming the file or the variable.
    func applied(to arguments: [String]) throws -> ServeCommand? {
        let variables = try fromEnvironment()
        let lines = try fromFile()
        guard !variables.isEmpty || !lines.isEmpty else { return nil }
        // A list that is given again is given anew.
        func without(_ settings: [Setting], _ later: [String]) -> [Setting] {
            settings.filter { setting in
                !later.contains { $0 == "--\(setting.name)" || $0.hasPrefix("--\(setting.name)=") }
                    && !(setting.name == "model" && Self.hasModel(later))
            }
        }
        let fromVariables = without(variables, arguments).flatMap(\.arguments)
        return try ServeCommand.parse(
            without(lines, fromVariables + arguments).flatMap(\.arguments) + fromVariables + arguments)
    }

    /// Whether a command line names the model itself.
    private static func hasModel(_ arguments: [String]) -> Bool {
        (try? ServeCommand.parse(arguments))?.model != nil
    }

    private struct Setting {
        var name: String
        var arguments: [String]
    }

    private func fromEnvironment() throws -> [Setting] {
        try environment.filter { $0.key.hasPrefix(Self.prefix) }.sorted { $0.key < $1.key }.map { key, text in
            let name = key.dropFirst(Self.prefix.count).lowercased().replacing("_", with: "-")
            let value: JSONValue =
                Self.flags.contains(name)
                ? ["true", "1", "yes"].contains(text.lowercased())
                    ? .bool(true) : ["false", "0", "no"].contains(text.lowercased()) ? .bool(false) : .string(text)
                : .string(text)
            return try setting(name, value, from: key)
        }
    }

    private func fromFile() throws -> [Setting] {
        guard let path = file ?? environment[Self.prefix + "CONFIG"] else { return [] }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError(.noInput, "\(path) cannot be read; give a JSON file of options")
        }
        let value: JSONValue
        do { value = try JSONValue(parsing: Array(data)) } catch {
            throw CommandError(.badData, "\(path) \(error.problem); give a JSON object of options")
        }
        guard case .object(let object) = value else {
            throw CommandError(.badData, "\(path) is \(value.summary); give a JSON object of options")
        }
        return try object.map { try setting($0, $1, from: "\(path): \($0)") }
    }

    /// Each is tried alone, so that what is wrong is told with the place where it stands.
    private func setting(_ name: String, _ value: JSONValue, from place: String) throws -> Setting {
        var arguments: [String]
        func text(_ value: JSONValue) throws -> String {
            switch value {
            case .string(let text): return text
            case .integer(let number): return "\(number)"
            case .number(let number): return "\(number)"
            default: throw CommandError(.badData, "\(place) cannot be \(value.summary); give a text or a number")
            }
        }
        switch value {
        case .bool(let flag):
            guard Self.flags.contains(name) else {
                throw CommandError(.badData, "\(place) cannot be \(flag); it takes a value, or is unknown")
            }
            arguments = flag ? ["--\(name)"] : name == "allow-remote-images" ? ["--no-\(name)"] : []
        case .array(let values): arguments = try values.map { "--\(name)=\(try text($0))" }
        case .null: arguments = []
        default: arguments = name == "model" ? [try text(value)] : ["--\(name)=\(try text(value))"]
        }
        do { _ = try ServeCommand.parse(arguments) } catch {
            throw CommandError(
                .badData,
                "\(place): "
                    + ServeCommand.message(for: error).split(whereSeparator: \.isNewline).joined(separator: " "))
        }
        return Setting(name: name, arguments: arguments)
    }
}
