/// Makes a tree of tokens, as `jinja2/parser.py` of Jinja 3.1.6 does.
struct JinjaParser {
    let tokens: [JinjaToken]
    var place = 0
    private var depth = 0
    /// For each macro around the place, the names it reads.
    private var names: [Set<String>] = []
    private var loops = 0

    /// Brackets and blocks within each other. Bounds the depth of every recursion over the tree.
    static let deepest = 64
    static let mostArguments = 255

    init(_ tokens: [JinjaToken]) { self.tokens = tokens }

    var next: JinjaToken? { place < tokens.count ? tokens[place] : nil }
    var following: JinjaToken? { place + 1 < tokens.count ? tokens[place + 1] : nil }

    mutating func take(_ token: JinjaToken) -> Bool {
        guard next == token else { return false }
        place += 1
        return true
    }

    mutating func expect(_ token: JinjaToken) throws {
        guard take(token) else {
            throw JinjaError.syntax("\(token.description) is missing before \(next?.description ?? "the end")")
        }
    }

    mutating func name(_ what: String) throws -> String {
        guard case .name(let name)? = next else { throw JinjaError.syntax("\(what) has no name") }
        place += 1
        return name
    }

    mutating func read(_ name: String) {
        for index in names.indices { names[index].insert(name) }
    }

    /// Counts how deep the tree is.
    mutating func nested<Result>(_ body: (inout JinjaParser) throws -> Result) throws -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw JinjaError.tooLarge("nests deeper than \(Self.deepest) levels") }
        return try body(&self)
    }

    mutating func template() throws -> [JinjaNode] {
        try nodes(until: [])
    }

    /// Reads up to a block that begins with one of the names; its name is left for the caller.
    private mutating func nodes(until ends: Set<String>) throws -> [JinjaNode] {
        try nested { (parser) in try parser.list(until: ends) }
    }

    private mutating func list(until ends: Set<String>) throws -> [JinjaNode] {
        var result: [JinjaNode] = []
        while let token = next {
            place += 1
            switch token {
            case .data(let text): result.append(.text(text))
            case .outputBegin:
                result.append(.output([try tuple()]))
                try expect(.outputEnd)
            case .blockBegin:
                guard case .name(let name)? = next else { throw JinjaError.syntax("a block has no name") }
                if ends.contains(name) { return result }
                place += 1
                result.append(try block(name))
                try expect(.blockEnd)
            default: throw JinjaError.syntax("\(token.description) stands outside of a tag")
            }
        }
        guard ends.isEmpty else {
            throw JinjaError.syntax("a block is not closed: \(ends.sorted().joined(separator: ", "))")
        }
        return result
    }

    /// The contents of a block, behind the end of its tag; the name that closes it is left to be read.
    private mutating func body(until ends: Set<String>) throws -> [JinjaNode] {
        _ = take(.symbol(":"))
        try expect(.blockEnd)
        return try nodes(until: ends)
    }

    private mutating func wholeBody(until end: String) throws -> [JinjaNode] {
        let body = try body(until: [end])
        place += 1
        return body
    }

    private mutating func block(_ name: String) throws -> JinjaNode {
        switch name {
        case "for": return try loop()
        case "if": return try branch()
        case "set": return try assignment()
        case "macro":
            let name = try self.name("a macro")
            names.append([])
            let outer = loops
            loops = 0
            let parameters = try signature()
            let body = try wholeBody(until: "endmacro")
            loops = outer
            return .macro(JinjaMacro(name: name, parameters: parameters, body: body, names: names.removeLast()))
        case "call":
            names.append([])
            let parameters = next == .symbol("(") ? try signature() : []
            let call = try expression()
            guard case .postfix(_, let parts) = call, case .call? = parts.last else {
                throw JinjaError.syntax("a call block calls nothing")
            }
            let outer = loops
            loops = 0
            let body = try wholeBody(until: "endcall")
            loops = outer
            return .callBlock(
                JinjaMacro(name: "", parameters: parameters, body: body, names: names.removeLast()), call: call)
        case "filter":
            let filters = try filters(startsInline: true)
            return .filterBlock(filters, body: try wholeBody(until: "endfilter"))
        case "with":
            var pairs: [(target: JinjaTarget, value: JinjaExpression)] = []
            while next != .blockEnd, next != nil {
                if !pairs.isEmpty { try expect(.symbol(",")) }
                let target = try target(allowsAttribute: false)
                try expect(.symbol("="))
                pairs.append((target, try expression()))
            }
            return .with(pairs, body: try wholeBody(until: "endwith"))
        case "generation": return .scope(try wholeBody(until: "endgeneration"))
        case "print":
            var values: [JinjaExpression] = []
            while next != .blockEnd, next != nil {
                if !values.isEmpty { try expect(.symbol(",")) }
                values.append(try expression())
            }
            return .output(values)
        case "break", "continue":
            guard loops > 0 else { throw JinjaError.syntax("'\(name)' stands outside of a loop") }
            return name == "break" ? .breakLoop : .continueLoop
        case "include", "import", "from", "extends", "block", "autoescape", "do", "trans", "debug":
            throw JinjaError.unsupported("the statement '\(name)'")
        default: throw JinjaError.syntax("the statement '\(name)' is unknown")
        }
    }

    private mutating func loop() throws -> JinjaNode {
        let target = try target(allowsAttribute: false)
        try expect(.name("in"))
        let over = try tuple(withCondition: false)
        let condition = take(.name("if")) ? try expression() : nil
        let isRecursive = take(.name("recursive"))
        loops += 1
        let body = try body(until: ["endfor", "else"])
        loops -= 1
        var otherwise: [JinjaNode] = []
        if take(.name("else")) {
            otherwise = try wholeBody(until: "endfor")
        } else {
            place += 1
        }
        return .loop(
            JinjaLoop(
                target: target, over: over, condition: condition, isRecursive: isRecursive, body: body,
                otherwise: otherwise))
    }

    private mutating func branch() throws -> JinjaNode {
        var branches: [(condition: JinjaExpression, body: [JinjaNode])] = []
        while true {
            let condition = try tuple(withCondition: false)
            branches.append((condition, try body(until: ["elif", "else", "endif"])))
            if take(.name("elif")) { continue }
            if take(.name("else")) { return .branch(branches, otherwise: try wholeBody(until: "endif")) }
            place += 1
            return .branch(branches, otherwise: [])
        }
    }

    private mutating func assignment() throws -> JinjaNode {
        let target = try target(allowsAttribute: true)
        if take(.symbol("=")) { return .assign(target, try tuple()) }
        let filters = try filters(startsInline: false)
        return .assignBlock(target, filters: filters, body: try wholeBody(until: "endset"))
    }

    private mutating func signature() throws -> [(name: String, value: JinjaExpression?)] {
        var result: [(name: String, value: JinjaExpression?)] = []
        try expect(.symbol("("))
        while !take(.symbol(")")) {
            if !result.isEmpty { try expect(.symbol(",")) }
            let name = try assignable(self.name("a parameter"))
            guard !result.contains(where: { $0.name == name }) else {
                throw JinjaError.syntax("the parameter '\(name)' is given twice")
            }
            if take(.symbol("=")) {
                result.append((name, try expression()))
            } else {
                guard result.last?.value == nil else {
                    throw JinjaError.syntax("a parameter without a default follows one with")
                }
                result.append((name, nil))
            }
            guard result.count <= Self.mostArguments else {
                throw JinjaError.tooLarge("has a macro of more than \(Self.mostArguments) parameters")
            }
        }
        return result
    }

    private func assignable(_ name: String) throws -> String {
        guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
            throw JinjaError.syntax("nothing can be assigned to '\(name)'")
        }
        return name
    }

    /// Names, and names in brackets.
    private mutating func target(allowsAttribute: Bool) throws -> JinjaTarget {
        func single(_ parser: inout JinjaParser) throws -> JinjaTarget {
            if parser.take(.symbol("(")) {
                let inner = try parser.nested { try $0.target(allowsAttribute: allowsAttribute) }
                try parser.expect(.symbol(")"))
                return inner
            }
            let name = try parser.assignable(parser.name("an assignment's target"))
            guard allowsAttribute, parser.take(.symbol(".")) else { return .name(name) }
            parser.read(name)
            return .attribute(of: name, try parser.name("an attribute"))
        }
        var parts: [JinjaTarget] = []
        while true {
            if next == .blockEnd || next == .symbol(")") { break }
            parts.append(try single(&self))
            guard take(.symbol(",")) else {
                guard parts.count == 1 else { return .tuple(parts) }
                return parts[0]
            }
        }
        guard !parts.isEmpty else { throw JinjaError.syntax("an assignment has no target") }
        return .tuple(parts)
    }
}
