public import Foundation
import OrderedJSON

/// A checkpoint's chat template: the Jinja text, and the file it came from.
///
/// The order is that of Transformers 4.57.6: the processor's own (`processing_utils.py`, `get_processor_dict`:
/// `chat_template.json`, else `chat_template.jinja` and `chat_templates/*.jinja`, else the key in
/// `processor_config.json`), and where the processor has none, the tokenizer's (`tokenizer_config.json`).
public struct ChatTemplateSource: Sendable, Hashable {
    /// The default template.
    public var text: String
    /// The file it was found in.
    public var file: String
    /// Further templates by name, e.g. `tool_use`.
    public var named: [String: String]

    /// Looks through a folder; `nil` when it holds no template.
    /// - Throws: `CheckpointError` for a file that cannot be read, and when the named templates include no default.
    public static func find(in folder: URL) throws -> ChatTemplateSource? {
        let extras = try namedTemplateFiles(folder)
        let legacy = "chat_template.json"
        if exists(legacy, folder) {
            guard extras.isEmpty else {
                throw CheckpointError(
                    .malformed, file: legacy, problem: "stands beside the folder chat_templates",
                    remedy: "keep one of the two; Transformers refuses both together")
            }
            guard let found = try source(in: legacy, folder) else {
                throw CheckpointError.damaged(legacy, "has no chat_template")
            }
            return found
        }
        var named: [String: String] = [:]
        for file in extras {
            named[file.deletingPathExtension().lastPathComponent] = try text(
                of: file, name: "chat_templates/\(file.lastPathComponent)")
        }
        let jinja = "chat_template.jinja"
        let file = exists(jinja, folder) ? jinja : "chat_templates"
        if exists(jinja, folder) { named["default"] = try text(of: folder.appendingPathComponent(jinja), name: jinja) }
        if !named.isEmpty { return try withDefault(named, file: file) }
        for name in ["processor_config.json", "tokenizer_config.json"] where exists(name, folder) {
            if let found = try source(in: name, folder) { return found }
        }
        return nil
    }

    /// The key `chat_template` of a JSON file: a text, or a list of named ones; `nil` when absent.
    private static func source(in name: String, _ folder: URL) throws -> ChatTemplateSource? {
        let object = try ConfigObject(contentsOf: folder.appendingPathComponent(name), name: name)
        let key = "chat_template"
        switch object[key] {
        case nil, .null: return nil
        case .string(let text): return ChatTemplateSource(text: text, file: name, named: [:])
        case .array(let list):
            var named: [String: String] = [:]
            for item in list {
                guard case .object(let pair) = item, case .string(let label) = pair["name"],
                    case .string(let text) = pair["template"]
                else { throw object.wrong(key, needed: "a text, or a list of objects with name and template") }
                named[label] = text
            }
            return try withDefault(named, file: name)
        default: throw object.wrong(key, needed: "a text, or a list of objects with name and template")
        }
    }

    private static func withDefault(_ named: [String: String], file: String) throws -> ChatTemplateSource {
        var rest = named
        guard let text = rest.removeValue(forKey: "default") else {
            throw CheckpointError(
                .malformed, file: file,
                problem:
                    "holds the chat templates \(named.keys.sorted().map(CheckpointError.quoted).joined(separator: ", "))",
                remedy: "name one of them \"default\"")
        }
        return ChatTemplateSource(text: text, file: file, named: rest)
    }

    private static func namedTemplateFiles(_ folder: URL) throws -> [URL] {
        let inner = folder.appendingPathComponent("chat_templates")
        guard exists("chat_templates", folder) else { return [] }
        let files = (try? FileManager.default.contentsOfDirectory(at: inner, includingPropertiesForKeys: nil)) ?? []
        return files.filter { $0.pathExtension == "jinja" }.sorted { $0.path < $1.path }
    }

    private static func exists(_ name: String, _ folder: URL) -> Bool {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
    }

    private static func text(of url: URL, name: String) throws -> String {
        let file = try ReadOnlyFile(url, name: name)
        guard file.byteCount <= JSONLimits.standard.bytes,
            let text = String(bytes: try file.bytes(at: 0, count: file.byteCount), encoding: .utf8)
        else { throw CheckpointError.damaged(name, "is not UTF-8 text of a sensible length") }
        return text
    }
}
