extension JinjaRenderer {
    @inline(never)
    func call(_ value: JinjaValue, _ arguments: JinjaArguments) throws -> JinjaValue {
        switch value {
        case .method(let base, let name):
            return try JinjaMethods.call(name, of: base, arguments.renamed("the method '\(name)'"), self)
        case .function(let name): return try JinjaFunctions.call(name, arguments, self)
        case .object(let object):
            switch object {
            case let macro as JinjaMacroValue: return .string(try call(macro, arguments))
            case let joiner as JinjaJoiner:
                try arguments.finish()
                return joiner.next()
            case let loop as JinjaLoopState: return try again(loop, arguments)
            default: break
            }
        default: break
        }
        throw JinjaError.failed("\(value.typeName) cannot be called")
    }

    private func again(_ state: JinjaLoopState, _ arguments: JinjaArguments) throws -> JinjaValue {
        guard let (loop, scope, depth) = state.recursion else { throw JinjaError.failed("the loop is not recursive") }
        var arguments = arguments
        let value = arguments.take("iterable") ?? .undefined("")
        try arguments.finish()
        return .string(try captured { _ = try run(loop, over: value, scope, depth: depth) })
    }

    func callBlock(_ macro: JinjaMacro, _ call: JinjaExpression, _ scope: JinjaScope) throws -> JinjaValue {
        guard case .postfix(let base, let parts) = call, case .call(let last)? = parts.last else { return .none }
        let callee = try apply(Array(parts.dropLast()), to: evaluate(base, scope), scope)
        let caller = try value(of: macro, scope)
        return try self.call(callee, arguments(last, of: callee.typeName, scope).adding("caller", caller))
    }

    private func call(_ value: JinjaMacroValue, _ arguments: JinjaArguments) throws -> String {
        try meter.enter()
        defer { meter.leave() }
        let macro = value.macro
        var arguments = arguments
        let scope = JinjaScope(value.scope)
        for parameter in macro.parameters {
            if let given = arguments.take(parameter.name) {
                scope.set(parameter.name, given)
            } else if let standard = parameter.value {
                scope.set(parameter.name, try evaluate(standard, scope))
            } else {
                scope.set(parameter.name, .undefined(parameter.name))
            }
        }
        if macro.takesCaller, !macro.parameters.contains(where: { $0.name == "caller" }) {
            scope.set("caller", arguments.takeNamed("caller") ?? .undefined("caller"))
        }
        if macro.takesNamedRest {
            let rest = JinjaDictionary()
            for (name, value) in arguments.takeAllNamed() { try rest.set(.string(name), value) }
            scope.set("kwargs", .dictionary(rest))
        }
        if macro.takesRest { scope.set("varargs", try sequence(.tuple, arguments.takeAllPositional())) }
        try arguments.finish()
        return try captured { _ = try run(macro.body, scope) }
    }
}

extension JinjaArguments {
    func renamed(_ callee: String) -> JinjaArguments {
        JinjaArguments(callee, Array(positional), named: named)
    }

    func adding(_ name: String, _ value: JinjaValue) -> JinjaArguments {
        JinjaArguments(callee, Array(positional), named: named + [(name, value)])
    }
}
