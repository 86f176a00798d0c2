extension JinjaRenderer {
    /// `value | name(arguments)`.
    @inline(never)
    func filter(_ name: String, _ value: JinjaValue, _ given: JinjaArguments) throws -> JinjaValue {
        try meter.step()
        var arguments = given
        let result: JinjaValue?
        switch JinjaFilters.kinds[name] {
        case .text: result = try textFilter(name, value, &arguments)
        case .number: result = try numberFilter(name, value, &arguments)
        case .list: result = try listFilter(name, value, &arguments)
        case .order: result = try orderFilter(name, value, &arguments)
        case .choice: return try choiceFilter(name, value, arguments)
        case .refused: throw JinjaError.unsupported("the filter '\(name)'")
        case nil: throw JinjaError.syntax("the filter '\(name)' is unknown")
        }
        try arguments.finish()
        return result ?? .undefined("")
    }
}

enum JinjaFilters {
    enum Kind { case text, number, list, order, choice, refused }

    /// All filters that Jinja has.
    static let kinds: [String: Kind] = {
        var kinds: [String: Kind] = [:]
        for (kind, names) in [
            Kind.text:
                "capitalize center e escape forceescape format indent join lower replace safe string title tojson "
                + "trim truncate upper urlencode wordcount",
            .number: "abs count float int length round sum",
            .list: "batch d default first items last list reverse slice unique",
            .order: "dictsort groupby max min sort",
            .choice: "map reject rejectattr select selectattr",
            .refused: "attr filesizeformat pprint random striptags urlize wordwrap xmlattr",
        ] {
            for name in names.split(separator: " ") { kinds[String(name)] = kind }
        }
        return kinds
    }()

    static var known: Set<String> { Set(kinds.keys) }

    /// Python's `len`; nil where there is none.
    static func count(of value: JinjaValue) -> Int? {
        switch value {
        case .undefined: 0
        case .string(let text), .safe(let text): text.unicodeScalars.count
        case .sequence(let sequence): sequence.items.count
        case .range(let range): range.count
        case .dictionary(let dictionary): dictionary.entries.count
        default: nil
        }
    }

    /// Python's `sorted`: what is equal keeps its order, also where it is reversed.
    static func sorted<Element>(
        _ items: [Element], isReversed: Bool, _ meter: JinjaMeter, by key: (Element) throws -> JinjaValue
    ) throws -> [Element] {
        try meter.makeItems(items.count * 3)
        let keys = try items.map(key)
        let order = try keys.indices.sorted { a, b in
            let (first, second) = isReversed ? (keys[b], keys[a]) : (keys[a], keys[b])
            if try JinjaOperations.precedes(first, second, meter) { return true }
            if try JinjaOperations.precedes(second, first, meter) { return false }
            return a < b
        }
        return order.map { items[$0] }
    }
}
