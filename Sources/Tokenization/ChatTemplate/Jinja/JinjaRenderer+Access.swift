extension JinjaRenderer {
    /// `value.name`: an attribute, else what a dictionary holds.
    func attribute(_ name: String, of value: JinjaValue) throws -> JinjaValue {
        if let found = try ownAttribute(name, of: value) { return found }
        if case .dictionary(let dictionary) = value { return dictionary[name] ?? .undefined(name) }
        return .undefined(name)
    }

    /// `value[index]`: what a dictionary or list holds, else an attribute.
    func item(_ index: JinjaValue, of value: JinjaValue) throws -> JinjaValue {
        let name = index.string
        switch value {
        case .undefined: throw JinjaError.failed("\(value.typeName) has no items")
        case .dictionary(let dictionary):
            if let key = try? JinjaKey(index), let found = dictionary[key] { return found }
        case .sequence(let sequence) where [.list, .tuple, .group].contains(sequence.kind):
            if let place = index.integer {
                let place = place < 0 ? place + sequence.items.count : place
                return sequence.items.indices.contains(place) ? sequence.items[place] : .undefined("\(place)")
            }
        case .range(let range):
            if let place = index.integer {
                let place = place < 0 ? place + range.count : place
                return (0..<range.count).contains(place) ? .int(range[place]) : .undefined("\(place)")
            }
        case .string(let text), .safe(let text):
            if let place = index.integer {
                try meter.touch(text.utf8.count)
                let scalars = text.unicodeScalars
                let count = place < 0 ? scalars.count : 0
                let offset = place < 0 ? place + count : place
                guard offset >= 0, let found = scalars.dropFirst(offset).first else { return .undefined("\(place)") }
                return .string(String(Character(found)))
            }
        default: break
        }
        guard let name else { return .undefined("") }
        return try ownAttribute(name, of: value) ?? .undefined(name)
    }

    private func ownAttribute(_ name: String, of value: JinjaValue) throws -> JinjaValue? {
        if name.utf8.starts(with: "__".utf8) {
            if case .dictionary(let dictionary) = value, dictionary[name] != nil { return nil }
            throw JinjaError.unsupported("the attribute '\(name)'")
        }
        func method(_ names: Set<String>) -> JinjaValue? { names.contains(name) ? .method(of: value, name) : nil }
        switch value {
        case .undefined: throw JinjaError.failed("\(value.typeName) has no attribute '\(name)'")
        case .none, .function, .iterator, .method: return nil
        case .bool, .int: return method(JinjaMethods.ofIntegers)
        case .double: return method(JinjaMethods.ofFloats)
        case .string, .safe: return method(JinjaMethods.ofStrings)
        case .sequence(let sequence):
            switch sequence.kind {
            case .list: return method(JinjaMethods.ofLists)
            case .tuple: return method(JinjaMethods.ofTuples)
            case .group:
                if name == "grouper" { return sequence.items[0] }
                if name == "list" { return sequence.items[1] }
                return method(JinjaMethods.ofTuples)
            default: return method(["mapping", "isdisjoint"])
            }
        case .range: return method(["start", "stop", "step", "count", "index"])
        case .dictionary: return method(JinjaMethods.ofDictionaries)
        case .object(let object): return try object.attribute(name)
        }
    }

    /// What filters call an attribute: several names between dots, or a number.
    func getter(_ attribute: JinjaValue?, default fallback: JinjaValue? = nil) throws -> (JinjaValue) throws ->
        JinjaValue
    {
        guard let attribute, !attribute.isNone else { return { $0 } }
        var parts = [attribute]
        if let path = attribute.string {
            parts = path.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { part in
                let text = String(Substring(part))
                let isNumber = !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
                return isNumber ? Int(text).map { .int($0) } ?? .string(text) : .string(text)
            }
            guard parts.count <= 64 else { throw JinjaError.tooLarge("names an attribute of more than 64 parts") }
        }
        return { [self] value in
            var value = value
            for part in parts {
                try meter.step()
                value = try item(part, of: value)
                if value.isUndefined, let fallback, !fallback.isNone { value = fallback }
            }
            return value
        }
    }
}

extension JinjaValue {
    var isNone: Bool {
        if case .none = self { return true }
        return false
    }
}
