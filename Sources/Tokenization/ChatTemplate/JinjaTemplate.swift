/// The part of Jinja that chat templates use: loops, conditions, assignments, expressions, the common tests, filters and
/// methods. Written here because no Swift package for it can be had.
///
/// A template comes from outside: what it may do is bounded in steps, output and nesting.
public struct JinjaTemplate: Sendable {
    indirect enum Node: Sendable {
        case text(String)
        case output(JinjaExpression)
        case loop(names: [String], over: JinjaExpression, condition: JinjaExpression?, body: [Node], otherwise: [Node])
        case branch([(condition: JinjaExpression, body: [Node])], otherwise: [Node])
        case assign(target: [String], JinjaExpression)
        case assignBlock(name: String, body: [Node])
    }

    let nodes: [Node]

    /// - Throws: `JinjaError` when the template cannot be read.
    public init(_ source: String) throws(JinjaError) {
        guard source.utf8.count <= 1 << 20 else { throw .tooLong }
        var reader = JinjaBlockReader(pieces: try JinjaLexer.pieces(of: source))
        nodes = try reader.nodes(until: [])
    }

    /// - Throws: `JinjaError`, among them what the template itself raises.
    func render(_ variables: [String: JinjaValue]) throws(JinjaError) -> String {
        var renderer = JinjaRenderer(variables)
        try renderer.run(nodes)
        return renderer.output
    }
}

/// Turns pieces into nodes.
private struct JinjaBlockReader {
    let pieces: [JinjaLexer.Piece]
    var place = 0
    var depth = 0

    init(pieces: [JinjaLexer.Piece]) { self.pieces = pieces }

    /// Reads up to a block that begins with one of the names, which is left for the caller.
    mutating func nodes(until ends: Set<String>) throws(JinjaError) -> [JinjaTemplate.Node] {
        depth += 1
        defer { depth -= 1 }
        guard depth < 64 else { throw .syntax("blocks are nested too deeply") }
        var result: [JinjaTemplate.Node] = []
        while place < pieces.count {
            switch pieces[place] {
            case .text(let text):
                result.append(.text(text))
                place += 1
            case .output(let tokens):
                var parser = JinjaExpressionParser(tokens)
                result.append(.output(try parser.whole()))
                place += 1
            case .block(let tokens):
                guard case .name(let name)? = tokens.first else { throw .syntax("a block without a name") }
                if ends.contains(name) { return result }
                place += 1
                try block(name, Array(tokens.dropFirst()), into: &result)
            }
        }
        guard ends.isEmpty else { throw .syntax("a block is not closed") }
        return result
    }

    private mutating func block(
        _ name: String, _ tokens: [JinjaLexer.Token], into result: inout [JinjaTemplate.Node]
    ) throws(JinjaError) {
        switch name {
        case "for": result.append(try loop(tokens))
        case "if": result.append(try branch(tokens))
        case "set": result.append(try assignment(tokens))
        // Marks what an assistant wrote, for training; its contents are rendered as they are.
        case "generation":
            result += try nodes(until: ["endgeneration"])
            place += 1
        default: throw .unsupported("the block '\(name)'")
        }
    }

    private mutating func loop(_ tokens: [JinjaLexer.Token]) throws(JinjaError) -> JinjaTemplate.Node {
        guard let word = tokens.firstIndex(of: .name("in")) else { throw .syntax("a loop without 'in'") }
        var names: [String] = []
        for token in tokens[..<word] {
            if case .name(let name) = token {
                names.append(name)
            } else if token != .symbol(",") {
                throw .syntax("a loop's names")
            }
        }
        var parser = JinjaExpressionParser(Array(tokens[(word + 1)...]))
        let over = try parser.withoutCondition()
        var condition: JinjaExpression?
        if parser.take(.name("if")) { condition = try parser.expression() }
        try parser.finish()
        let body = try nodes(until: ["endfor", "else"])
        var otherwise: [JinjaTemplate.Node] = []
        if pieces[place] == .block([.name("else")]) {
            place += 1
            otherwise = try nodes(until: ["endfor"])
        }
        place += 1
        return .loop(names: names, over: over, condition: condition, body: body, otherwise: otherwise)
    }

    private mutating func branch(_ tokens: [JinjaLexer.Token]) throws(JinjaError) -> JinjaTemplate.Node {
        var parser = JinjaExpressionParser(tokens)
        var branches = [(condition: try parser.whole(), body: try nodes(until: ["elif", "else", "endif"]))]
        var otherwise: [JinjaTemplate.Node] = []
        while case .block(let next) = pieces[place] {
            place += 1
            if next.first == .name("elif") {
                var parser = JinjaExpressionParser(Array(next.dropFirst()))
                branches.append((try parser.whole(), try nodes(until: ["elif", "else", "endif"])))
            } else if next.first == .name("else") {
                otherwise = try nodes(until: ["endif"])
            } else {
                break
            }
        }
        return .branch(branches, otherwise: otherwise)
    }

    private mutating func assignment(_ tokens: [JinjaLexer.Token]) throws(JinjaError) -> JinjaTemplate.Node {
        guard let sign = tokens.firstIndex(of: .symbol("=")) else {
            guard tokens.count == 1, case .name(let name) = tokens[0] else {
                throw .syntax("an assignment without '='")
            }
            let body = try nodes(until: ["endset"])
            place += 1
            return .assignBlock(name: name, body: body)
        }
        var target: [String] = []
        for token in tokens[..<sign] {
            if case .name(let name) = token {
                target.append(name)
            } else if token != .symbol(".") {
                throw .unsupported("an assignment to several names")
            }
        }
        guard (1...2).contains(target.count) else { throw .syntax("an assignment's target") }
        var parser = JinjaExpressionParser(Array(tokens[(sign + 1)...]))
        return .assign(target: target, try parser.whole())
    }
}
