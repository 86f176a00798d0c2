import OrderedJSON

/// Rotary settings come in three spellings: `rope_theta` with `rope_scaling` (Transformers 4.57.6,
/// `modeling_rope_utils.py`), the same with the older `type`, and `rope_parameters`, which holds all of it (Transformers
/// 5). Settings given twice must agree.
extension RotaryScaling {
    /// Reads the base and the scaling of a text configuration.
    /// - Throws: `CheckpointError` naming the key.
    static func read(_ text: ConfigObject) throws -> (theta: Double, scaling: RotaryScaling) {
        try refusePartialRotation(text)
        var found = try parameters(text)
        if let scaling = try text.object("rope_scaling") { found.append(try Found(scaling)) }
        var theta = text["rope_theta"] == nil ? nil : try text.positive("rope_theta", default: defaultTheta)
        for item in found {
            guard let other = item.theta else { continue }
            guard (theta ?? other) == other else {
                throw item.object.contradiction("rope_theta is \(other)", "rope_theta is \(theta ?? other) elsewhere")
            }
            theta = other
        }
        for (one, other) in zip(found, found.dropFirst()) where one.scaling != other.scaling {
            throw one.object.contradiction(
                "its rotary scaling", "\(other.object.path.dropLast()) says otherwise")
        }
        return (theta ?? defaultTheta, found.first?.scaling ?? .none)
    }

    private static let defaultTheta = 10000.0

    /// One object with rotary settings.
    private struct Found {
        var object: ConfigObject
        var theta: Double?
        var scaling: RotaryScaling

        init(_ object: ConfigObject) throws {
            self.object = object
            try RotaryScaling.refusePartialRotation(object)
            theta = object.has("rope_theta") ? try object.positive("rope_theta", default: 1) : nil
            scaling = try RotaryScaling(object)
        }
    }

    /// `rope_parameters`: one object, or one for each kind of layer, which must then say the same.
    private static func parameters(_ text: ConfigObject) throws -> [Found] {
        let key = "rope_parameters"
        guard let object = try text.object(key) else { return [] }
        let inner = try object.values.keys.compactMap { name in
            if case .object = object[name] { try object.object(name) } else { nil }
        }
        guard !inner.isEmpty, inner.count == object.values.count else { return [try Found(object)] }
        let found = try inner.map(Found.init)
        guard found.allSatisfy({ ($0.theta, $0.scaling) == (found[0].theta, found[0].scaling) }) else {
            throw CheckpointError(
                .unsupported, file: text.file, problem: "\(text.path)\(key) differs between kinds of layers",
                remedy: "only models whose layers all have the same rotary settings are supported")
        }
        return found
    }

    private static func refusePartialRotation(_ object: ConfigObject) throws {
        if let rotated = object["partial_rotary_factor"], rotated != .null, ConfigObject.number(rotated) != 1 {
            throw object.unsupported("partial_rotary_factor", supported: "1")
        }
    }

    private init(_ object: ConfigObject) throws {
        let key = object.values["type"] == nil ? "rope_type" : "type"
        switch try object.string(key, default: "default") {
        case "default":
            self = .none
        case "linear":
            self = .linear(factor: try Self.required("factor", of: object))
        case "llama3":
            let low = try Self.required("low_freq_factor", of: object)
            let high = try Self.required("high_freq_factor", of: object)
            guard high > low else {
                throw object.wrong("high_freq_factor", needed: "above low_freq_factor, which is \(low)")
            }
            let original = "original_max_position_embeddings"
            guard object[original] != nil else { throw object.wrong(original, needed: "given for llama3 scaling") }
            self = .llama3(
                factor: try Self.required("factor", of: object), lowFrequencyFactor: low, highFrequencyFactor: high,
                originalMaximumPositions: try object.integer(original, default: 0, in: ConfigLimits.positions))
        case "dynamic":
            // Changes the angles only beyond max_position_embeddings, where no context here reaches.
            _ = try Self.required("factor", of: object)
            self = .none
        default:
            throw object.unsupported(key, supported: "default, linear, llama3, dynamic")
        }
    }

    private static func required(_ key: String, of object: ConfigObject) throws -> Double {
        guard object[key] != nil else { throw object.wrong(key, needed: "given for this kind of scaling") }
        return try object.positive(key, default: 1)
    }
}

extension ConfigObject {
    fileprivate func contradiction(_ here: String, _ there: String) -> CheckpointError {
        CheckpointError(
            .malformed, file: file, problem: "\(path)\(here), but \(there)",
            remedy: "keep one of the two, or make them agree")
    }
}

extension SettingsTable {
    /// `rope_scaling` and `rope_parameters`.
    static let rotary = SettingsTable(
        all(
            .obeyed, "rope_type", "type", "rope_theta", "factor", "low_freq_factor", "high_freq_factor",
            "original_max_position_embeddings", "partial_rotary_factor"),
        all(
            .ignored("read only for kinds of scaling that are refused"), "attention_factor", "beta_fast", "beta_slow",
            "mscale", "mscale_all_dim", "short_factor", "long_factor", "truncate"))
}
