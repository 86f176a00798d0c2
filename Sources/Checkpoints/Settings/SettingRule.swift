import Failures
import OrderedJSON

/// What becomes of one key of a configuration file.
enum SettingRule: Sendable, Equatable {
    /// The readers take it, with bounds of their own.
    case obeyed
    /// Not implemented: only these values, or `null`, are taken.
    case refused(unless: [JSONValue], remedy: String)
    /// The same, for what has a meaning only where answers are drawn (`do_sample`).
    case refusedIfSampling(unless: [JSONValue])
    /// A generation setting in `config.json`, which counts only where `generation_config.json` does not.
    case generation
    /// Read by nobody, or without a part in an answer; the text says why.
    case ignored(String)
}

/// The keys of one object of a configuration file, and what becomes of each: the one place that says so.
///
/// A key that is in no table is passed over and named (``unknownKeys(of:)``): new keys must not break old checkpoints,
/// and must not be passed over in silence.
struct SettingsTable: Sendable {
    let rules: [String: SettingRule]

    /// Later tables win over earlier ones.
    init(_ parts: [String: SettingRule]...) {
        rules = parts.reduce(into: [:]) { $0.merge($1) { $1 } }
    }

    /// - Throws: `CheckpointError` (`unsupported`) naming the first key that is refused.
    func check(_ object: ConfigObject, samples: Bool = false) throws {
        if let refusal = refusals(of: object, samples: samples).first { throw refusal }
    }

    /// Every key that is refused, in the file's order.
    /// - Parameter otherwise: what else can be done about any of them.
    func refusals(of object: ConfigObject, samples: Bool, otherwise: Remedy? = nil) -> [CheckpointError] {
        zip(object.values.keys, object.values.values).compactMap { key, value in
            guard value != .null else { return nil }
            let (harmless, advice): ([JSONValue], String)
            switch rules[key] {
            case .refused(let values, let text): (harmless, advice) = (values, text)
            case .refusedIfSampling(let values) where samples:
                (harmless, advice) = (values, "remove the key from \(object.file), or set do_sample to false")
            default: return nil
            }
            guard !harmless.contains(where: { $0.isSameSetting(as: value) }) else { return nil }
            return CheckpointError(
                .unsupported, file: object.file,
                problem: "\(object.path)\(key) is \(Self.shown(value)), which is not implemented",
                advice: otherwise.map { .anyOf([.advice(advice), $0]) } ?? .advice(advice))
        }
    }

    /// A quantisation by its method, anything else by its value.
    private static func shown(_ value: JSONValue) -> String {
        guard case .object(let values) = value, case .string(let method) = values["quant_method"] else {
            return value.summary
        }
        return CheckpointError.quoted(method)
    }

    /// Keys that nothing here knows, with their paths, in the file's order.
    func unknownKeys(of object: ConfigObject) -> [String] {
        object.values.keys.filter { rules[$0] == nil }.map { "\(object.path)\($0)" }
    }
}

extension SettingsTable {
    /// One rule for several keys.
    static func all(_ rule: SettingRule, _ keys: String...) -> [String: SettingRule] {
        Dictionary(uniqueKeysWithValues: keys.map { ($0, rule) })
    }
}

extension JSONValue {
    /// `1` and `1.0` are one number, as they are where these files come from.
    func isSameSetting(as other: JSONValue) -> Bool {
        if let left = ConfigObject.number(self), let right = ConfigObject.number(other) { return left == right }
        return self == other
    }
}
