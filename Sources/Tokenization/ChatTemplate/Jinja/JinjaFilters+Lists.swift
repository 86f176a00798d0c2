extension JinjaRenderer {
    @inline(never)
    func listFilter(_ name: String, _ value: JinjaValue, _ arguments: inout JinjaArguments) throws -> JinjaValue {
        switch name {
        case "d", "default":
            let fallback = arguments.take("default_value") ?? .string("")
            let takesFalse = arguments.flag("boolean") ?? false
            return value.isUndefined || takesFalse && !JinjaOperations.isTrue(value) ? fallback : value
        case "list": return try sequence(.list, list(value))
        case "first": return try iterator(value).next() ?? .undefined("first")
        case "last":
            switch value {
            case .iterator, .object: throw JinjaError.failed("\(value.typeName) has no last item")
            default: return try list(value).last ?? .undefined("last")
            }
        case "reverse":
            if let text = value.string {
                try meter.make(text.utf8.count)
                return .string(String(String.UnicodeScalarView(text.unicodeScalars.reversed())))
            }
            var items = try list(value)
            // Python reverses a generator by making a list of it.
            if case .iterator = value { return try sequence(.list, items.reversed()) }
            if value.isUndefined { return try sequence(.list, []) }
            return .iterator(try makeIterator(depth: value.depth + 1) { items.popLast() })
        case "items":
            if value.isUndefined { return .iterator(try makeIterator(depth: 1) { nil }) }
            guard case .dictionary(let dictionary) = value else {
                throw JinjaError.failed("\(value.typeName) has no pairs")
            }
            var entries = dictionary.entries[...]
            return .iterator(
                try makeIterator(depth: dictionary.depth + 2) { [self] in
                    try entries.popFirst().map { try sequence(.tuple, [$0.key, $0.value]) }
                })
        case "batch": return try batches(value, &arguments)
        case "slice": return try slices(value, &arguments)
        case "unique":
            let isCaseSensitive = arguments.flag("case_sensitive") ?? false
            let get = try getter(arguments.take("attribute"))
            let source = try iterator(value)
            var seen: Set<JinjaKey> = []
            return .iterator(
                try makeIterator(depth: source.depth + 1) { [self] in
                    while let item = try source.next() {
                        try meter.makeItems(2)
                        if seen.insert(try JinjaKey(folded(get(item), isCaseSensitive))).inserted { return item }
                    }
                    return nil
                })
        default: throw JinjaError.unsupported("the filter '\(name)'")
        }
    }

    /// What stands for a value where upper and lower case are the same.
    func folded(_ value: JinjaValue, _ isCaseSensitive: Bool) throws -> JinjaValue {
        guard !isCaseSensitive, let text = value.string else { return value }
        try meter.make(text.utf8.count)
        return .string(PythonText.lowercased(text))
    }

    private func batches(_ value: JinjaValue, _ arguments: inout JinjaArguments) throws -> JinjaValue {
        guard let size = try arguments.integer("linecount") else {
            throw JinjaError.failed("the filter 'batch' needs a count")
        }
        let filler = arguments.take("fill_with") ?? .none
        let source = try iterator(value)
        var isDone = false
        var ahead: JinjaValue?
        return .iterator(
            try makeIterator(depth: source.depth + 2) { [self] in
                guard !isDone else { return nil }
                var items: [JinjaValue] = ahead.map { [$0] } ?? []
                ahead = nil
                while let item = try source.next() {
                    // The batch is full before its next item is looked at.
                    if items.count == size {
                        ahead = item
                        return try sequence(.list, items)
                    }
                    try meter.makeItems(1)
                    items.append(item)
                }
                isDone = true
                guard !items.isEmpty else { return nil }
                if !filler.isNone, items.count < size {
                    try meter.makeItems(size - items.count)
                    items += Array(repeating: filler, count: size - items.count)
                }
                return try sequence(.list, items)
            })
    }

    private func slices(_ value: JinjaValue, _ arguments: inout JinjaArguments) throws -> JinjaValue {
        guard let count = try arguments.integer("slices") else {
            throw JinjaError.failed("the filter 'slice' needs a count")
        }
        let filler = arguments.take("fill_with") ?? .none
        let items = try list(value)
        guard count != 0 else { throw JinjaError.failed("a division by zero") }
        var number = 0
        return .iterator(
            try makeIterator(depth: max(value.depth, 1) + 2) { [self] in
                guard number < count else { return nil }
                let (size, extra) = items.count.quotientAndRemainder(dividingBy: count)
                let start = number * size + min(number, extra)
                let end = start + size + (number < extra ? 1 : 0)
                var part = Array(items[start..<end])
                if !filler.isNone, number >= extra { part.append(filler) }
                number += 1
                return try sequence(.list, part)
            })
    }

    @inline(never)
    func orderFilter(_ name: String, _ value: JinjaValue, _ arguments: inout JinjaArguments) throws -> JinjaValue {
        switch name {
        case "sort":
            let isReversed = arguments.flag("reverse") ?? false
            let isCaseSensitive = arguments.flag("case_sensitive") ?? false
            let key = try sortKey(arguments.take("attribute"), isCaseSensitive)
            return try sequence(.list, JinjaFilters.sorted(list(value), isReversed: isReversed, meter, by: key))
        case "dictsort":
            let isCaseSensitive = arguments.flag("case_sensitive") ?? false
            let by = try arguments.text("by") ?? "key"
            let isReversed = arguments.flag("reverse") ?? false
            guard case .dictionary(let dictionary) = value else {
                throw JinjaError.failed("\(value.typeName) has no pairs")
            }
            guard ["key", "value"].contains(by) else {
                throw JinjaError.failed("the filter 'dictsort' sorts by '\(by)'")
            }
            let entries = try JinjaFilters.sorted(dictionary.entries, isReversed: isReversed, meter) {
                try folded(by == "key" ? $0.key : $0.value, isCaseSensitive)
            }
            return try sequence(.list, entries.map { try sequence(.tuple, [$0.key, $0.value]) })
        case "min", "max":
            let isCaseSensitive = arguments.flag("case_sensitive") ?? false
            let get = try getter(arguments.take("attribute"))
            var best: (item: JinjaValue, key: JinjaValue)?
            for item in try list(value) {
                let key = try folded(get(item), isCaseSensitive)
                if let found = best {
                    let isBetter =
                        name == "min"
                        ? try JinjaOperations.precedes(key, found.key, meter)
                        : try JinjaOperations.precedes(found.key, key, meter)
                    if !isBetter { continue }
                }
                best = (item, key)
            }
            return best?.item ?? .undefined(name)
        default: return try groups(value, &arguments)
        }
    }

    /// Several attributes between commas make a list to sort by.
    private func sortKey(
        _ attribute: JinjaValue?, _ isCaseSensitive: Bool
    ) throws -> (JinjaValue) throws -> JinjaValue {
        guard let path = attribute?.string, path.utf8.contains(UInt8(ascii: ",")) else {
            let get = try getter(attribute)
            return { [self] in try folded(get($0), isCaseSensitive) }
        }
        let parts = path.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard parts.count <= 64 else { throw JinjaError.tooLarge("sorts by more than 64 attributes") }
        let getters = try parts.map { try getter(.string(String(Substring($0)))) }
        return { [self] item in
            try sequence(.list, getters.map { try folded($0(item), isCaseSensitive) })
        }
    }

    private func groups(_ value: JinjaValue, _ arguments: inout JinjaArguments) throws -> JinjaValue {
        guard let attribute = arguments.take("attribute") else {
            throw JinjaError.failed("the filter 'groupby' needs an attribute")
        }
        let get = try getter(attribute, default: arguments.take("default"))
        let isCaseSensitive = arguments.flag("case_sensitive") ?? false
        let items = try JinjaFilters.sorted(list(value), isReversed: false, meter) {
            try folded(get($0), isCaseSensitive)
        }
        var result: [JinjaValue] = []
        var group: [JinjaValue] = []
        var key: JinjaValue?
        func flush() throws {
            guard let first = group.first else { return }
            result.append(try sequence(.group, [get(first), sequence(.list, group)]))
            group = []
        }
        for item in items {
            let next = try folded(get(item), isCaseSensitive)
            if let key, try !JinjaOperations.areEqual(key, next, meter) { try flush() }
            key = next
            group.append(item)
        }
        try flush()
        return try sequence(.list, result)
    }

    /// Filters that take another filter's or a test's name, and walk only as far as they are asked to.
    @inline(never)
    func choiceFilter(_ name: String, _ value: JinjaValue, _ given: JinjaArguments) throws -> JinjaValue {
        var arguments = given
        // As there: nothing is looked at where there is nothing.
        guard JinjaOperations.isTrue(value) else { return .iterator(try makeIterator(depth: 1) { nil }) }
        let change: (JinjaValue) throws -> JinjaValue?
        if name == "map" {
            change = try mapping(&arguments)
        } else {
            let get = name.hasSuffix("attr") ? try getter(arguments.next()) : { $0 }
            let wanted = name.hasPrefix("select")
            if let test = arguments.takePositional() {
                guard let test = test.string else { throw JinjaError.failed("a test's name is \(test.typeName)") }
                let rest = arguments.renamed("the test '\(test)'")
                change = { [self] item in try self.test(test, get(item), rest) == wanted ? item : nil }
            } else {
                try arguments.finish()
                change = { item in JinjaOperations.isTrue(try get(item)) == wanted ? item : nil }
            }
        }
        let source = try iterator(value)
        return .iterator(
            try makeIterator(depth: source.depth + 1) { [self] in
                try meter.enter()
                defer { meter.leave() }
                while let item = try source.next() {
                    try meter.step()
                    if let changed = try change(item) { return changed }
                }
                return nil
            })
    }

    private func mapping(_ arguments: inout JinjaArguments) throws -> (JinjaValue) throws -> JinjaValue? {
        if arguments.positional.isEmpty, let attribute = arguments.takeNamed("attribute") {
            let get = try getter(attribute, default: arguments.takeNamed("default"))
            try arguments.finish()
            return { try get($0) }
        }
        guard let filter = try arguments.next().string else { throw JinjaError.failed("the filter 'map' needs a name") }
        let rest = arguments.renamed("the filter '\(filter)'")
        return { [self] in try self.filter(filter, $0, rest) }
    }
}
