/// What every template can call.
enum JinjaFunctions {
    static let names: Set<String> = [
        "range", "dict", "namespace", "cycler", "joiner", "lipsum", "raise_exception", "strftime_now",
    ]
    /// As the sandbox has it.
    static let longestRange = 100_000

    /// What a name stands for that nothing was assigned to.
    static func value(_ name: String) -> JinjaValue {
        names.contains(name) ? .function(name) : .undefined(name)
    }

    static func call(_ name: String, _ given: JinjaArguments, _ renderer: JinjaRenderer) throws -> JinjaValue {
        var arguments = given
        switch name {
        case "range":
            let bounds = try arguments.all().map { bound in
                guard let number = bound.integer else { throw JinjaError.failed("'range' is given \(bound.typeName)") }
                return number
            }
            return .range(try range(bounds))
        case "dict":
            let dictionary = JinjaDictionary()
            if let source = arguments.takePositional() {
                if case .dictionary(let other) = source {
                    try renderer.meter.makeItems(other.entries.count * 3)
                    for entry in other.entries { try dictionary.set(entry.key, entry.value) }
                } else {
                    for pair in try renderer.list(source) {
                        let items = try renderer.list(pair)
                        guard items.count == 2 else { throw JinjaError.failed("'dict' is given no pairs") }
                        try renderer.meter.makeItems(3)
                        try dictionary.set(items[0], items[1])
                    }
                }
            }
            for (key, value) in arguments.takeAllNamed() { try dictionary.set(.string(key), value) }
            try arguments.finish()
            return .dictionary(dictionary)
        case "namespace":
            let namespace = JinjaNamespace()
            try renderer.meter.keep(namespace)
            if let source = arguments.takePositional() {
                guard case .dictionary(let dictionary) = source else {
                    throw JinjaError.failed("'namespace' is given \(source.typeName)")
                }
                for (key, value) in dictionary.entries {
                    guard let name = key.string else {
                        throw JinjaError.failed("a namespace's name is \(key.typeName)")
                    }
                    namespace.values[name] = value
                }
            }
            for (key, value) in arguments.takeAllNamed() { namespace.values[key] = value }
            try arguments.finish()
            return .object(namespace)
        case "cycler":
            let items = try arguments.all()
            guard !items.isEmpty else { throw JinjaError.failed("'cycler' needs a value") }
            let cycler = JinjaCycler(items)
            try renderer.meter.keep(cycler)
            return .object(cycler)
        case "joiner":
            let joiner = JinjaJoiner(arguments.take("sep") ?? .string(", "))
            try arguments.finish()
            try renderer.meter.keep(joiner)
            return .object(joiner)
        case "raise_exception":
            let message = arguments.take("message") ?? .none
            try arguments.finish()
            throw JinjaError.raised(try JinjaText.plain(message, renderer.meter))
        case "strftime_now":
            guard let format = try arguments.text("format") else {
                throw JinjaError.failed("'strftime_now' needs a format")
            }
            try arguments.finish()
            return .string(try JinjaClock.text(format, at: renderer.now))
        default: throw JinjaError.unsupported("the function '\(name)'")
        }
    }

    private static func range(_ bounds: [Int]) throws -> JinjaRange {
        guard (1...3).contains(bounds.count) else { throw JinjaError.failed("'range' needs one to three integers") }
        let start = bounds.count > 1 ? bounds[0] : 0
        let stop = bounds.count > 1 ? bounds[1] : bounds[0]
        let step = bounds.count > 2 ? bounds[2] : 1
        guard step != 0 else { throw JinjaError.failed("a range's step is 0") }
        guard step > 0 ? start < stop : start > stop else {
            return JinjaRange(start: start, stop: stop, step: step, count: 0)
        }
        // The distance of two integers always fits as an unsigned one.
        let distance = stop > start ? UInt(bitPattern: stop &- start) : UInt(bitPattern: start &- stop)
        let count = (distance - 1) / step.magnitude + 1
        guard count <= longestRange else {
            throw JinjaError.failed("a range of \(count) numbers, where \(longestRange) are allowed")
        }
        return JinjaRange(start: start, stop: stop, step: step, count: Int(count))
    }
}
