/// Runs a template.
struct JinjaRenderer {
    private(set) var output = ""
    /// Inner scopes last. Loops open one: what is set inside is gone after, except through a namespace.
    private var scopes: [[String: JinjaValue]]
    private var steps = 0

    /// Far more than any conversation needs.
    private static let stepLimit = 200_000
    private static let outputLimit = 16 << 20

    init(_ variables: [String: JinjaValue]) { scopes = [variables] }

    mutating func run(_ nodes: [JinjaTemplate.Node]) throws(JinjaError) {
        for node in nodes {
            try count()
            switch node {
            case .text(let text): try write(text)
            case .output(let expression): try write(try value(of: expression).text)
            case .loop(let names, let over, let condition, let body, let otherwise):
                try loop(names, over, condition, body, otherwise)
            case .branch(let branches, let otherwise):
                var taken = otherwise
                for branch in branches where try value(of: branch.condition).isTrue {
                    taken = branch.body
                    break
                }
                try run(taken)
            case .assign(let target, let expression): try assign(target, try value(of: expression))
            case .assignBlock(let name, let body):
                let before = output
                output = ""
                try run(body)
                let captured = output
                output = before
                try assign([name], .string(captured))
            }
        }
    }

    private mutating func count() throws(JinjaError) {
        steps += 1
        guard steps < Self.stepLimit else { throw .tooLong }
    }

    private mutating func write(_ text: String) throws(JinjaError) {
        output += text
        guard output.utf8.count < Self.outputLimit else { throw .tooLong }
    }

    private mutating func assign(_ target: [String], _ value: JinjaValue) throws(JinjaError) {
        if target.count == 1 {
            scopes[scopes.count - 1][target[0]] = value
            return
        }
        // A namespace's member is set where the namespace lives.
        for index in scopes.indices.reversed() {
            guard case .object(var entries)? = scopes[index][target[0]] else { continue }
            if let place = entries.firstIndex(where: { $0.key == target[1] }) {
                entries[place].value = value
            } else {
                entries.append(.init(key: target[1], value: value))
            }
            scopes[index][target[0]] = .object(entries)
            return
        }
        throw .syntax("'\(target[0])' is no namespace")
    }

    private mutating func loop(
        _ names: [String], _ over: JinjaExpression, _ condition: JinjaExpression?, _ body: [JinjaTemplate.Node],
        _ otherwise: [JinjaTemplate.Node]
    ) throws(JinjaError) {
        guard var items = try value(of: over).items else { throw .syntax("a loop over something that is no list") }
        scopes.append([:])
        defer { scopes.removeLast() }
        if let condition {
            var kept: [JinjaValue] = []
            for item in items {
                try bind(names, to: item)
                if try value(of: condition).isTrue { kept.append(item) }
            }
            items = kept
        }
        if items.isEmpty { try run(otherwise) }
        for (index, item) in items.enumerated() {
            try count()
            scopes[scopes.count - 1] = [:]
            try bind(names, to: item)
            scopes[scopes.count - 1]["loop"] = .object([
                ("index", .int(index + 1)), ("index0", .int(index)), ("first", .bool(index == 0)),
                ("last", .bool(index == items.count - 1)), ("length", .int(items.count)),
                ("revindex", .int(items.count - index)), ("revindex0", .int(items.count - index - 1)),
                ("previtem", index > 0 ? items[index - 1] : .undefined),
                ("nextitem", index + 1 < items.count ? items[index + 1] : .undefined),
            ])
            try run(body)
        }
    }

    private mutating func bind(_ names: [String], to item: JinjaValue) throws(JinjaError) {
        guard names.count > 1 else {
            scopes[scopes.count - 1][names.first ?? ""] = item
            return
        }
        guard case .array(let parts) = item, parts.count == names.count else {
            throw .syntax("a loop of \(names.count) names over something else")
        }
        for (name, part) in zip(names, parts) { scopes[scopes.count - 1][name] = part }
    }

    mutating func value(of expression: JinjaExpression) throws(JinjaError) -> JinjaValue {
        try count()
        switch expression {
        case .literal(let value): return value
        case .variable(let name): return scopes.reversed().lazy.compactMap { $0[name] }.first ?? .undefined
        case .list(let items): return .array(try values(of: items))
        case .dictionary(let items):
            var entries: [JinjaValue.Entry] = []
            for (key, item) in items { entries.append(.init(key: try value(of: key).text, value: try value(of: item))) }
            return .object(entries)
        case .member(let base, let name): return try value(of: base).member(name)
        case .index(let base, let index): return try JinjaOperations.element(of: value(of: base), at: value(of: index))
        case .slice(let base, let from, let to, let step):
            let bounds = try values(of: [from, to, step].map { $0 ?? .literal(.none) })
            return try JinjaOperations.slice(value(of: base), bounds)
        case .not(let inner): return .bool(!(try value(of: inner).isTrue))
        case .negative(let inner): return try JinjaOperations.binary("-", .int(0), value(of: inner))
        case .conditional(let condition, let yes, let no):
            if try value(of: condition).isTrue { return try value(of: yes) }
            return try no.map { (other) throws(JinjaError) in try value(of: other) } ?? .undefined
        case .binary("and", let left, let right):
            let first = try value(of: left)
            return first.isTrue ? try value(of: right) : first
        case .binary("or", let left, let right):
            let first = try value(of: left)
            return first.isTrue ? first : try value(of: right)
        case .binary(let name, let left, let right):
            return try JinjaOperations.binary(name, value(of: left), value(of: right))
        case .test(let inner, let name, let operands, let negated):
            let result = try JinjaOperations.test(name, value(of: inner), values(of: operands))
            return .bool(result != negated)
        case .filter(let inner, let name, let arguments):
            return try JinjaOperations.filter(name, value(of: inner), evaluate(arguments))
        case .call(.member(let base, let method), let arguments):
            return try JinjaOperations.method(method, of: value(of: base), evaluate(arguments))
        case .call(.variable(let name), let arguments):
            return try JinjaOperations.function(name, evaluate(arguments))
        case .call: throw .unsupported("a call of something that has no name")
        }
    }

    private mutating func values(of expressions: [JinjaExpression]) throws(JinjaError) -> [JinjaValue] {
        var result: [JinjaValue] = []
        for expression in expressions { result.append(try value(of: expression)) }
        return result
    }

    private mutating func evaluate(_ arguments: [JinjaExpression.Argument]) throws(JinjaError) -> JinjaArguments {
        var result = JinjaArguments()
        for argument in arguments {
            let value = try value(of: argument.value)
            if let name = argument.name { result.named.append((name, value)) } else { result.positional.append(value) }
        }
        return result
    }
}

struct JinjaArguments {
    var positional: [JinjaValue] = []
    var named: [(String, JinjaValue)] = []

    func text(_ index: Int) -> String? {
        guard index < positional.count, case .string(let text) = positional[index] else { return nil }
        return text
    }
}
