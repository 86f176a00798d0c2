extension JinjaRenderer {
    func evaluate(_ expression: JinjaExpression, _ scope: JinjaScope) throws -> JinjaValue {
        try meter.step()
        switch expression {
        case .literal(let literal): return JinjaValue(literal)
        case .variable(let name): return scope[name] ?? JinjaFunctions.value(name)
        default:
            try meter.enter()
            defer { meter.leave() }
            return try evaluateInner(expression, scope)
        }
    }

    @inline(never)
    private func evaluateInner(_ expression: JinjaExpression, _ scope: JinjaScope) throws -> JinjaValue {
        switch expression {
        case .postfix(let base, let parts): return try apply(parts, to: evaluate(base, scope), scope)
        case .and(let operands): return try shortened(operands, scope, until: false)
        case .or(let operands): return try shortened(operands, scope, until: true)
        case .not(let operand, let count):
            return .bool(JinjaOperations.isTrue(try evaluate(operand, scope)) == (count % 2 == 0))
        case .comparison(let first, let steps): return try compared(first, steps, scope)
        case .arithmetic(let first, let steps):
            var value = try evaluate(first, scope)
            for step in steps {
                value = try JinjaOperations.calculate(step.operation, value, evaluate(step.operand, scope), meter)
            }
            return value
        case .conditional(let pairs, let otherwise):
            for pair in pairs where JinjaOperations.isTrue(try evaluate(pair.condition, scope)) {
                return try evaluate(pair.value, scope)
            }
            return try otherwise.map { try evaluate($0, scope) } ?? .undefined("")
        default: return try made(expression, scope)
        }
    }

    /// Values that are put together of others.
    @inline(never)
    private func made(_ expression: JinjaExpression, _ scope: JinjaScope) throws -> JinjaValue {
        switch expression {
        case .list(let items): return try sequence(.list, items.map { try evaluate($0, scope) })
        case .tuple(let items): return try sequence(.tuple, items.map { try evaluate($0, scope) })
        case .dictionary(let items):
            try meter.makeItems(items.count * 3)
            let dictionary = JinjaDictionary()
            for item in items { try dictionary.set(evaluate(item.key, scope), evaluate(item.value, scope)) }
            return .dictionary(dictionary)
        case .concatenation(let operands):
            let parts = try operands.map { try JinjaText.plain(evaluate($0, scope), meter) }
            return .string(try JinjaText.joined(parts, meter))
        case .signed(let signs, let operand):
            return try signs.reversed().reduce(evaluate(operand, scope)) { try JinjaNumber.signed($1, $0) }
        default: return .undefined("")
        }
    }

    private func shortened(
        _ operands: [JinjaExpression], _ scope: JinjaScope, until stop: Bool
    ) throws -> JinjaValue {
        var value = JinjaValue.none
        for operand in operands {
            value = try evaluate(operand, scope)
            if JinjaOperations.isTrue(value) == stop { break }
        }
        return value
    }

    private func compared(
        _ first: JinjaExpression, _ steps: [(operation: JinjaComparison, operand: JinjaExpression)], _ scope: JinjaScope
    ) throws -> JinjaValue {
        var left = try evaluate(first, scope)
        for step in steps {
            let right = try evaluate(step.operand, scope)
            guard try JinjaOperations.compare(step.operation, left, right, meter) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    func apply(_ parts: [JinjaPostfix], to base: JinjaValue, _ scope: JinjaScope) throws -> JinjaValue {
        var value = base
        for part in parts {
            try meter.step()
            value = try apply(part, to: value, scope)
        }
        return value
    }

    @inline(never)
    private func apply(_ part: JinjaPostfix, to value: JinjaValue, _ scope: JinjaScope) throws -> JinjaValue {
        switch part {
        case .attribute(let name): return try attribute(name, of: value)
        case .item(let index): return try item(evaluate(index, scope), of: value)
        case .slice(let start, let stop, let step):
            let bounds = try [start, stop, step].map { try $0.map { try evaluate($0, scope) } ?? .none }
            return try JinjaSlices.slice(value, bounds, meter)
        case .call(let call): return try self.call(value, arguments(call, of: value.typeName, scope))
        case .filter(let name, let call):
            return try filter(name, value, arguments(call, of: "the filter '\(name)'", scope))
        case .test(let name, let call, let negated):
            return .bool(try test(name, value, arguments(call, of: "the test '\(name)'", scope)) != negated)
        }
    }

    func arguments(_ call: JinjaCall, of callee: String, _ scope: JinjaScope) throws -> JinjaArguments {
        guard !(call.positional.isEmpty && call.named.isEmpty && call.spread == nil && call.namedSpread == nil) else {
            return JinjaArguments(callee)
        }
        var positional = try call.positional.map { try evaluate($0, scope) }
        var named = try call.named.map { (name: $0.name, value: try evaluate($0.value, scope)) }
        if let spread = call.spread { positional += try list(evaluate(spread, scope)) }
        if let spread = call.namedSpread {
            guard case .dictionary(let dictionary) = try evaluate(spread, scope) else {
                throw JinjaError.failed("what stands behind '**' is no dictionary")
            }
            for (key, value) in dictionary.entries {
                guard let name = key.string, !named.contains(where: { $0.name == name }) else {
                    throw JinjaError.failed("an argument is given twice, or by a key that is no string")
                }
                named.append((name, value))
            }
        }
        guard max(positional.count, named.count) <= JinjaParser.mostArguments * 16 else {
            throw JinjaError.tooLarge("gives too many arguments at once")
        }
        return JinjaArguments(callee, positional, named: named)
    }
}
