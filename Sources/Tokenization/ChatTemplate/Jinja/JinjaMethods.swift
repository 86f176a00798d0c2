/// Methods of Python's types.
enum JinjaMethods {
    static let ofIntegers: Set<String> = [
        "as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator", "from_bytes", "imag", "numerator",
        "real", "to_bytes",
    ]
    static let ofFloats: Set<String> = [
        "as_integer_ratio", "conjugate", "fromhex", "hex", "imag", "is_integer", "real",
    ]
    static let ofLists: Set<String> = [
        "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort",
    ]
    static let ofTuples: Set<String> = ["count", "index"]
    static let ofDictionaries: Set<String> = [
        "clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values",
    ]
    private static let changing: Set<String> = [
        "append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort", "update",
    ]

    @inline(never)
    static func call(
        _ name: String, of base: JinjaValue, _ given: JinjaArguments, _ renderer: JinjaRenderer
    ) throws -> JinjaValue {
        var arguments = given
        let result: JinjaValue
        switch base {
        case .safe: throw JinjaError.unsupported("the method '\(name)' of a safe string")
        case .string(let text): result = try ofString(name, text, &arguments, renderer)
        case .sequence(let sequence): result = try ofSequence(name, sequence, &arguments, renderer)
        case .dictionary(let dictionary): result = try ofDictionary(name, dictionary, &arguments, renderer)
        case .object(let cycler as JinjaCycler):
            if name == "next" {
                result = cycler.next()
            } else {
                cycler.reset()
                result = .none
            }
        case .object(let loop as JinjaLoopState):
            let values = try arguments.all()
            result = name == "cycle" ? try loop.cycle(values) : try loop.changed(values, meter: renderer.meter)
        default: throw JinjaError.unsupported("the method '\(name)' of \(base.typeName)")
        }
        try arguments.finish()
        return result
    }

    private static func ofSequence(
        _ name: String, _ sequence: JinjaSequence, _ arguments: inout JinjaArguments, _ renderer: JinjaRenderer
    ) throws -> JinjaValue {
        guard !changing.contains(name) else { throw JinjaError.failed("a template may not change a list ('\(name)')") }
        switch name {
        case "count":
            let wanted = try arguments.next()
            return .int(try sequence.items.count { try JinjaOperations.areEqual($0, wanted, renderer.meter) })
        case "index":
            let wanted = try arguments.next()
            guard
                let place = try sequence.items.firstIndex(where: {
                    try JinjaOperations.areEqual($0, wanted, renderer.meter)
                })
            else { throw JinjaError.failed("a list does not hold what 'index' looks for") }
            return .int(place)
        case "copy": return try renderer.sequence(.list, sequence.items)
        default: throw JinjaError.unsupported("the method '\(name)' of a view")
        }
    }

    private static func ofDictionary(
        _ name: String, _ dictionary: JinjaDictionary, _ arguments: inout JinjaArguments, _ renderer: JinjaRenderer
    ) throws -> JinjaValue {
        guard !changing.contains(name) else {
            throw JinjaError.failed("a template may not change a dictionary ('\(name)')")
        }
        switch name {
        case "get":
            let key = try arguments.next()
            let fallback = arguments.takePositional() ?? .none
            return dictionary[try JinjaKey(key)] ?? fallback
        case "keys": return try renderer.sequence(.keys, dictionary.entries.map(\.key))
        case "values": return try renderer.sequence(.values, dictionary.entries.map(\.value))
        case "items":
            return try renderer.sequence(
                .items, dictionary.entries.map { try renderer.sequence(.tuple, [$0.key, $0.value]) })
        case "copy": return .dictionary(dictionary)
        default: throw JinjaError.unsupported("the method '\(name)' of a dictionary")
        }
    }
}
