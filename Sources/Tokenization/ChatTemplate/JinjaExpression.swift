/// An expression of a template.
indirect enum JinjaExpression: Sendable {
    case literal(JinjaValue)
    case variable(String)
    case list([JinjaExpression])
    case dictionary([(JinjaExpression, JinjaExpression)])
    case member(JinjaExpression, String)
    case index(JinjaExpression, JinjaExpression)
    case slice(JinjaExpression, JinjaExpression?, JinjaExpression?, JinjaExpression?)
    case call(JinjaExpression, [Argument])
    case filter(JinjaExpression, String, [Argument])
    case test(JinjaExpression, String, [JinjaExpression], negated: Bool)
    case not(JinjaExpression)
    case negative(JinjaExpression)
    case binary(String, JinjaExpression, JinjaExpression)
    case conditional(JinjaExpression, JinjaExpression, JinjaExpression?)

    struct Argument: Sendable {
        var name: String?
        var value: JinjaExpression
    }
}

/// Reads expressions by precedence.
struct JinjaExpressionParser {
    private let tokens: [JinjaLexer.Token]
    private var place = 0
    private var depth = 0

    init(_ tokens: [JinjaLexer.Token]) { self.tokens = tokens }

    private var next: JinjaLexer.Token? { place < tokens.count ? tokens[place] : nil }

    mutating func take(_ token: JinjaLexer.Token) -> Bool {
        guard next == token else { return false }
        place += 1
        return true
    }

    private mutating func expect(_ symbol: String) throws(JinjaError) {
        guard take(.symbol(symbol)) else { throw .syntax("'\(symbol)' is missing in an expression") }
    }

    func finish() throws(JinjaError) {
        guard next == nil else { throw .syntax("an expression goes on unexpectedly") }
    }

    mutating func whole() throws(JinjaError) -> JinjaExpression {
        let result = try expression()
        try finish()
        return result
    }

    mutating func expression() throws(JinjaError) -> JinjaExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth < 64 else { throw .syntax("an expression is nested too deeply") }
        let value = try withoutCondition()
        guard take(.name("if")) else { return value }
        let condition = try withoutCondition()
        let otherwise: JinjaExpression? = take(.name("else")) ? try expression() : nil
        return .conditional(condition, value, otherwise)
    }

    /// Everything but `a if b else c`, which a loop's own condition would be mistaken for.
    mutating func withoutCondition() throws(JinjaError) -> JinjaExpression {
        var left = try conjunction()
        while take(.name("or")) { left = .binary("or", left, try conjunction()) }
        return left
    }

    private mutating func conjunction() throws(JinjaError) -> JinjaExpression {
        var left = try negation()
        while take(.name("and")) { left = .binary("and", left, try negation()) }
        return left
    }

    private mutating func negation() throws(JinjaError) -> JinjaExpression {
        var count = 0
        while take(.name("not")) { count += 1 }
        let value = try comparison()
        return count % 2 == 1 ? .not(value) : value
    }

    private mutating func comparison() throws(JinjaError) -> JinjaExpression {
        var left = try sum()
        while let token = next {
            if case .symbol(let symbol) = token, ["==", "!=", "<", ">", "<=", ">="].contains(symbol) {
                place += 1
                left = .binary(symbol, left, try sum())
            } else if take(.name("in")) {
                left = .binary("in", left, try sum())
            } else if token == .name("not"), place + 1 < tokens.count, tokens[place + 1] == .name("in") {
                place += 2
                left = .not(.binary("in", left, try sum()))
            } else {
                break
            }
        }
        return left
    }

    private mutating func sum() throws(JinjaError) -> JinjaExpression {
        var left = try product()
        while case .symbol(let symbol)? = next, ["+", "-", "~"].contains(symbol) {
            place += 1
            left = .binary(symbol, left, try product())
        }
        return left
    }

    private mutating func product() throws(JinjaError) -> JinjaExpression {
        var left = try unary()
        while case .symbol(let symbol)? = next, ["*", "/", "//", "%"].contains(symbol) {
            place += 1
            left = .binary(symbol, left, try unary())
        }
        return left
    }

    private mutating func unary() throws(JinjaError) -> JinjaExpression {
        if take(.symbol("-")) { return .negative(try postfix()) }
        return try postfix()
    }

    private mutating func postfix() throws(JinjaError) -> JinjaExpression {
        var value = try primary()
        while let token = next {
            if take(.symbol(".")) {
                guard case .name(let name)? = next else { throw .syntax("a name is missing behind '.'") }
                place += 1
                value = .member(value, name)
            } else if take(.symbol("[")) {
                value = try subscripted(value)
            } else if take(.symbol("(")) {
                value = .call(value, try arguments())
            } else if take(.symbol("|")) {
                guard case .name(let name)? = next else { throw .syntax("a filter's name is missing") }
                place += 1
                value = .filter(value, name, take(.symbol("(")) ? try arguments() : [])
            } else if token == .name("is") {
                place += 1
                let negated = take(.name("not"))
                guard case .name(let name)? = next else { throw .syntax("a test's name is missing") }
                place += 1
                var operands: [JinjaExpression] = []
                if take(.symbol("(")) { operands = try arguments().map(\.value) }
                value = .test(value, name, operands, negated: negated)
            } else {
                break
            }
        }
        return value
    }

    private mutating func subscripted(_ value: JinjaExpression) throws(JinjaError) -> JinjaExpression {
        var parts: [JinjaExpression?] = []
        var current: JinjaExpression?
        while !take(.symbol("]")) {
            if take(.symbol(":")) {
                parts.append(current)
                current = nil
            } else {
                current = try expression()
            }
        }
        if parts.isEmpty {
            guard let current else { throw .syntax("an empty subscript") }
            return .index(value, current)
        }
        parts.append(current)
        guard parts.count <= 3 else { throw .syntax("a slice of more than three parts") }
        return .slice(value, parts[0], parts[1], parts.count > 2 ? parts[2] : nil)
    }

    private mutating func arguments() throws(JinjaError) -> [JinjaExpression.Argument] {
        var result: [JinjaExpression.Argument] = []
        while !take(.symbol(")")) {
            var name: String?
            if case .name(let word)? = next, place + 1 < tokens.count, tokens[place + 1] == .symbol("=") {
                name = word
                place += 2
            }
            result.append(.init(name: name, value: try expression()))
            if !take(.symbol(",")), next != .symbol(")") { throw .syntax("an argument list is not closed") }
        }
        return result
    }

    private mutating func primary() throws(JinjaError) -> JinjaExpression {
        guard let token = next else { throw .syntax("an expression breaks off") }
        place += 1
        switch token {
        case .string(let text):
            // Neighbouring strings are one.
            var whole = text
            while case .string(let more)? = next {
                whole += more
                place += 1
            }
            return .literal(.string(whole))
        case .int(let value): return .literal(.int(value))
        case .double(let value): return .literal(.double(value))
        case .name(let name):
            switch name {
            case "true", "True": return .literal(.bool(true))
            case "false", "False": return .literal(.bool(false))
            case "none", "None": return .literal(.none)
            default: return .variable(name)
            }
        case .symbol("("):
            let first = try expression()
            guard take(.symbol(",")) else {
                try expect(")")
                return first
            }
            var items = [first]
            while !take(.symbol(")")) {
                items.append(try expression())
                if !take(.symbol(",")), next != .symbol(")") { throw .syntax("a tuple is not closed") }
            }
            return .list(items)
        case .symbol("["):
            var items: [JinjaExpression] = []
            while !take(.symbol("]")) {
                items.append(try expression())
                if !take(.symbol(",")), next != .symbol("]") { throw .syntax("a list is not closed") }
            }
            return .list(items)
        case .symbol("{"):
            var items: [(JinjaExpression, JinjaExpression)] = []
            while !take(.symbol("}")) {
                let key = try expression()
                try expect(":")
                items.append((key, try expression()))
                if !take(.symbol(",")), next != .symbol("}") { throw .syntax("a dictionary is not closed") }
            }
            return .dictionary(items)
        case .symbol(let symbol): throw .syntax("'\(symbol)' begins no expression")
        }
    }
}
