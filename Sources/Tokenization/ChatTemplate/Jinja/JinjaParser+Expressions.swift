extension JinjaParser {
    /// One expression, or several between commas: a tuple.
    mutating func tuple(
        withCondition: Bool = true, inBrackets: Bool = false
    ) throws -> JinjaExpression {
        var items: [JinjaExpression] = []
        while !isTupleEnd {
            items.append(withCondition ? try expression() : try operand(from: .or))
            guard take(.symbol(",")) else {
                return items.count == 1 ? items[0] : .tuple(items)
            }
        }
        guard inBrackets || !items.isEmpty else {
            throw JinjaError.syntax("an expression is missing before \(next?.description ?? "the end")")
        }
        return .tuple(items)
    }

    private var isTupleEnd: Bool {
        switch next {
        case .outputEnd, .blockEnd, .symbol(")"), nil: true
        default: false
        }
    }

    mutating func expression() throws -> JinjaExpression {
        var value = try operand(from: .or)
        // Pairs so far, whose last alternative is still to come.
        var pairs: [(condition: JinjaExpression, value: JinjaExpression)] = []
        var wraps = 0
        while take(.name("if")) {
            let condition = try operand(from: .or)
            guard take(.name("else")) else {
                // Without an alternative, what stands so far may be the value of another condition.
                wraps += 1
                guard wraps <= 8 else { throw JinjaError.tooLarge("puts too many conditions behind each other") }
                value = .conditional([(condition, value)], otherwise: nil)
                continue
            }
            pairs.append((condition, value))
            value = try operand(from: .or)
        }
        return pairs.isEmpty ? value : .conditional(pairs, otherwise: value)
    }

    /// Levels of operators, from the one that binds least.
    enum Level: Int {
        case or, and, not, comparison, sum, concatenation, product, power, unary

        var tighter: Level { Level(rawValue: rawValue + 1) ?? .unary }
    }

    private enum Operator {
        case or, and, concatenate
        case compare(JinjaComparison)
        case calculate(JinjaArithmetic)
    }

    private func nextOperator() -> (Operator, Level, length: Int)? {
        switch next {
        case .name("or"): return (.or, .or, 1)
        case .name("and"): return (.and, .and, 1)
        case .name("in"): return (.compare(.isIn), .comparison, 1)
        case .name("not"): return following == .name("in") ? (.compare(.isNotIn), .comparison, 2) : nil
        case .symbol(let symbol):
            switch symbol {
            case "~": return (.concatenate, .concatenation, 1)
            case "+", "-": return JinjaArithmetic(rawValue: symbol).map { (.calculate($0), .sum, 1) }
            case "*", "/", "//", "%": return JinjaArithmetic(rawValue: symbol).map { (.calculate($0), .product, 1) }
            case "**": return (.calculate(.power), .power, 1)
            default: return JinjaComparison(rawValue: symbol).map { (.compare($0), .comparison, 1) }
            }
        default: return nil
        }
    }

    /// An expression of operators that bind at least as the level does. Operators of one level become one node.
    mutating func operand(from level: Level) throws -> JinjaExpression {
        try nested { (parser) in try parser.chain(from: level) }
    }

    private mutating func chain(from level: Level) throws -> JinjaExpression {
        var left: JinjaExpression
        if level.rawValue <= Level.not.rawValue, next == .name("not"), following != .name("in") {
            var count = 0
            while take(.name("not")) { count += 1 }
            left = .not(try operand(from: .comparison), count: count)
        } else {
            left = try unary()
        }
        while let (_, found, _) = nextOperator(), found.rawValue >= level.rawValue {
            left = try chain(of: found, behind: left)
        }
        return left
    }

    /// All that follows on one level.
    private mutating func chain(of level: Level, behind first: JinjaExpression) throws -> JinjaExpression {
        var operands = [first]
        var comparisons: [(operation: JinjaComparison, operand: JinjaExpression)] = []
        var steps: [(operation: JinjaArithmetic, operand: JinjaExpression)] = []
        while let (operation, found, length) = nextOperator(), found == level {
            place += length
            let right = try operand(from: level.tighter)
            switch operation {
            case .or, .and, .concatenate: operands.append(right)
            case .compare(let comparison): comparisons.append((comparison, right))
            case .calculate(let arithmetic): steps.append((arithmetic, right))
            }
        }
        switch level {
        case .or: return .or(operands)
        case .and: return .and(operands)
        case .concatenation: return .concatenation(operands)
        case .comparison: return .comparison(first, comparisons)
        default: return .arithmetic(first, steps)
        }
    }

    private mutating func unary() throws -> JinjaExpression {
        var signs: [Bool] = []
        while next == .symbol("-") || next == .symbol("+") {
            signs.append(next == .symbol("-"))
            place += 1
        }
        var value = try postfixed(primary())
        if !signs.isEmpty { value = .signed(signs, value) }
        var parts: [JinjaPostfix] = []
        while true {
            if next == .symbol("|") {
                parts += try filters(startsInline: false)
            } else if take(.name("is")) {
                parts.append(try test())
            } else if next == .symbol("(") {
                parts.append(.call(try arguments()))
            } else {
                break
            }
        }
        return Self.joined(value, parts)
    }

    private static func joined(_ value: JinjaExpression, _ parts: [JinjaPostfix]) -> JinjaExpression {
        guard !parts.isEmpty else { return value }
        if case .postfix(let base, let before) = value { return .postfix(base, before + parts) }
        return .postfix(value, parts)
    }

    /// Filters, each behind a bar; the first without one where it starts inline.
    mutating func filters(startsInline: Bool) throws -> [JinjaPostfix] {
        var parts: [JinjaPostfix] = []
        var isInline = startsInline
        while isInline || take(.symbol("|")) {
            isInline = false
            let name = try dottedName("a filter")
            parts.append(.filter(name, next == .symbol("(") ? try arguments() : JinjaCall()))
        }
        return parts
    }

    private mutating func dottedName(_ what: String) throws -> String {
        var name = try self.name(what)
        while take(.symbol(".")) { name += "." + (try self.name(what)) }
        return name
    }

    private mutating func test() throws -> JinjaPostfix {
        let negated = take(.name("not"))
        let name = try dottedName("a test")
        var call = JinjaCall()
        switch next {
        case .symbol("("): call = try arguments()
        case .name("else"), .name("or"), .name("and"): break
        case .name("is"): throw JinjaError.syntax("two tests in a row")
        case .name, .string, .int, .double, .symbol("["), .symbol("{"):
            call.positional = [try postfixed(primary())]
        default: break
        }
        return .test(name, call, negated: negated)
    }

    private mutating func postfixed(_ value: JinjaExpression) throws -> JinjaExpression {
        var parts: [JinjaPostfix] = []
        while true {
            if take(.symbol(".")) {
                guard let token = next else { throw JinjaError.syntax("a name is missing behind '.'") }
                place += 1
                switch token {
                case .name(let name): parts.append(.attribute(name))
                case .int(let index): parts.append(.item(.literal(.int(index))))
                default: throw JinjaError.syntax("a name is missing behind '.'")
                }
            } else if take(.symbol("[")) {
                parts.append(try subscripted())
            } else if next == .symbol("(") {
                parts.append(.call(try arguments()))
            } else {
                return Self.joined(value, parts)
            }
        }
    }

    private mutating func subscripted() throws -> JinjaPostfix {
        var items: [JinjaExpression] = []
        while !take(.symbol("]")) {
            if !items.isEmpty { try expect(.symbol(",")) }
            let start: JinjaExpression? = next == .symbol(":") ? nil : try expression()
            guard take(.symbol(":")) else {
                if let start { items.append(start) }
                continue
            }
            var bounds: [JinjaExpression?] = []
            for isLast in [false, true] {
                let ends = next == .symbol("]") || next == .symbol(",") || next == .symbol(":")
                bounds.append(ends ? nil : try expression())
                if !isLast, !take(.symbol(":")) { break }
            }
            guard items.isEmpty, take(.symbol("]")) else {
                throw JinjaError.syntax("a slice is not closed, or one of several subscripts")
            }
            return .slice(start, bounds[0], bounds.count > 1 ? bounds[1] : nil)
        }
        return .item(items.count == 1 ? items[0] : .tuple(items))
    }

    mutating func arguments() throws -> JinjaCall {
        var call = JinjaCall()
        try expect(.symbol("("))
        var needsComma = false
        func ensure(_ holds: Bool) throws {
            guard holds else { throw JinjaError.syntax("arguments stand in a wrong order") }
        }
        while !take(.symbol(")")) {
            if needsComma {
                try expect(.symbol(","))
                if take(.symbol(")")) { break }
            }
            needsComma = true
            guard call.positional.count + call.named.count < Self.mostArguments else {
                throw JinjaError.tooLarge("gives more than \(Self.mostArguments) arguments at once")
            }
            if take(.symbol("*")) {
                try ensure(call.spread == nil && call.namedSpread == nil)
                call.spread = try expression()
            } else if take(.symbol("**")) {
                try ensure(call.namedSpread == nil)
                call.namedSpread = try expression()
            } else if case .name(let name)? = next, following == .symbol("=") {
                try ensure(call.namedSpread == nil)
                place += 2
                guard !call.named.contains(where: { $0.name == name }) else {
                    throw JinjaError.syntax("the argument '\(name)' is given twice")
                }
                call.named.append((name, try expression()))
            } else {
                try ensure(call.spread == nil && call.namedSpread == nil && call.named.isEmpty)
                call.positional.append(try expression())
            }
        }
        return call
    }

    private mutating func primary() throws -> JinjaExpression {
        guard let token = next else { throw JinjaError.syntax("an expression breaks off") }
        place += 1
        switch token {
        case .name(let name):
            switch name {
            case "true", "True": return .literal(.bool(true))
            case "false", "False": return .literal(.bool(false))
            case "none", "None": return .literal(.none)
            case "not", "and", "or", "in", "is", "if", "else", "elif":
                throw JinjaError.syntax("'\(name)' stands where a value belongs")
            default:
                read(name)
                return .variable(name)
            }
        case .string(var text):
            while case .string(let more)? = next {
                text += more
                place += 1
            }
            return .literal(.string(text))
        case .int(let value): return .literal(.int(value))
        case .double(let value): return .literal(.double(value))
        case .symbol("("):
            let value = try tuple(inBrackets: true)
            try expect(.symbol(")"))
            return value
        case .symbol("["):
            var items: [JinjaExpression] = []
            while !take(.symbol("]")) {
                if !items.isEmpty {
                    try expect(.symbol(","))
                    if take(.symbol("]")) { break }
                }
                items.append(try expression())
            }
            return .list(items)
        case .symbol("{"):
            var items: [(key: JinjaExpression, value: JinjaExpression)] = []
            while !take(.symbol("}")) {
                if !items.isEmpty {
                    try expect(.symbol(","))
                    if take(.symbol("}")) { break }
                }
                let key = try expression()
                try expect(.symbol(":"))
                items.append((key, try expression()))
            }
            return .dictionary(items)
        default: throw JinjaError.syntax("\(token.description) stands where a value belongs")
        }
    }
}
