import Foundation

/// Renders a template's tree.
final class JinjaRenderer {
    enum Flow { case on, breakLoop, continueLoop }

    let meter = JinjaMeter()
    /// The time that `strftime_now` tells.
    let now: Date
    /// Texts being written, the innermost last.
    private var buffers: [String] = [""]

    init(now: Date) { self.now = now }

    func render(_ nodes: [JinjaNode], _ variables: [String: JinjaValue]) throws -> String {
        defer { meter.clear() }
        _ = try run(nodes, JinjaScope(nil, variables))
        return buffers[0]
    }

    private func write(_ text: String) throws {
        if buffers.count == 1 { try meter.write(text.utf8.count) } else { try meter.make(text.utf8.count) }
        buffers[buffers.count - 1] += text
    }

    /// What a body writes.
    func captured(_ body: () throws -> Void) throws -> String {
        buffers.append("")
        do { try body() } catch {
            buffers.removeLast()
            throw error
        }
        return buffers.removeLast()
    }

    func run(_ nodes: [JinjaNode], _ scope: JinjaScope) throws -> Flow {
        try meter.enter()
        defer { meter.leave() }
        for node in nodes {
            try meter.step()
            switch node {
            case .text(let text): try write(text)
            case .output(let values):
                for value in values { try write(JinjaText.plain(evaluate(value, scope), meter)) }
            default:
                let flow = try runBlock(node, scope)
                guard flow == .on else { return flow }
            }
        }
        return .on
    }

    /// Apart from `run`, whose frame on the stack it would make larger.
    @inline(never)
    private func runBlock(_ node: JinjaNode, _ scope: JinjaScope) throws -> Flow {
        switch node {
        case .text, .output: return .on
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        case .branch(let branches, let otherwise):
            for branch in branches where JinjaOperations.isTrue(try evaluate(branch.condition, scope)) {
                return try run(branch.body, scope)
            }
            return try run(otherwise, scope)
        case .loop(let loop): return try run(loop, over: evaluate(loop.over, scope), scope, depth: 0)
        case .scope(let body): return try run(body, JinjaScope(scope))
        default:
            try runAssignment(node, scope)
            return .on
        }
    }

    @inline(never)
    private func runAssignment(_ node: JinjaNode, _ scope: JinjaScope) throws {
        switch node {
        case .assign(let target, let value): try assign(evaluate(value, scope), to: target, scope)
        case .assignBlock(let target, let filters, let body):
            let text = try captured { _ = try run(body, JinjaScope(scope)) }
            // Without a filter it is the text itself; with one, what the filter gives.
            try assign(filters.isEmpty ? .string(text) : apply(filters, to: .string(text), scope), to: target, scope)
        case .macro(let macro): scope.set(macro.name, try value(of: macro, scope))
        case .callBlock(let macro, let call): try write(JinjaText.plain(callBlock(macro, call, scope), meter))
        case .filterBlock(let filters, let body):
            let text = try captured { _ = try run(body, JinjaScope(scope)) }
            try write(JinjaText.plain(apply(filters, to: .string(text), scope), meter))
        case .with(let pairs, let body):
            let inner = JinjaScope(scope)
            // All values are those outside.
            let values = try pairs.map { try evaluate($0.value, scope) }
            for (pair, value) in zip(pairs, values) { try assign(value, to: pair.target, inner) }
            _ = try run(body, inner)
        default: break
        }
    }

    func value(of macro: JinjaMacro, _ scope: JinjaScope) throws -> JinjaValue {
        let value = JinjaMacroValue(macro, scope)
        // With the scope that it keeps.
        try meter.keep(value, size: 1024)
        return .object(value)
    }

    func assign(_ value: JinjaValue, to target: JinjaTarget, _ scope: JinjaScope) throws {
        switch target {
        case .name(let name): scope.set(name, value)
        case .attribute(let base, let name):
            guard case .object(let object)? = scope[base], let namespace = object as? JinjaNamespace else {
                throw JinjaError.failed("'\(base)' is no namespace")
            }
            namespace.values[name] = value
        case .tuple(let targets):
            let items = try list(value)
            guard items.count == targets.count else {
                throw JinjaError.failed("\(items.count) values are assigned to \(targets.count) names")
            }
            for (target, item) in zip(targets, items) { try assign(item, to: target, scope) }
        }
    }

    /// - Parameter depth: how many loops this one, which is recursive, is rendered within.
    @inline(never)
    func run(_ loop: JinjaLoop, over value: JinjaValue, _ scope: JinjaScope, depth: Int) throws -> Flow {
        var source = try iterator(value)
        var count = JinjaFilters.count(of: value)
        if let condition = loop.condition {
            count = nil
            let unfiltered = source
            source = try makeIterator(depth: source.depth + 1) { [self] in
                while let item = try unfiltered.next() {
                    let inner = JinjaScope(scope, ["loop": .undefined("loop")])
                    try assign(item, to: loop.target, inner)
                    if JinjaOperations.isTrue(try evaluate(condition, inner)) { return item }
                }
                return nil
            }
        }
        let state = JinjaLoopState(
            source, count: count, depth: depth, recursion: loop.isRecursive ? (loop, scope) : nil, meter: meter)
        try meter.keep(state)
        var isEmpty = true
        while let item = try state.next() {
            try meter.step()
            isEmpty = false
            let inner = JinjaScope(scope, ["loop": .object(state)])
            try assign(item, to: loop.target, inner)
            if try run(loop.body, inner) == .breakLoop { break }
        }
        guard isEmpty else { return .on }
        return try run(loop.otherwise, JinjaScope(scope))
    }

    func makeIterator(depth: Int, _ pull: @escaping () throws -> JinjaValue?) throws -> JinjaIterator {
        guard depth <= JinjaMeter.deepestValue else { throw JinjaMeter.deepValue }
        let iterator = JinjaIterator(depth: depth, pull)
        try meter.keep(iterator)
        return iterator
    }

    func iterator(_ value: JinjaValue) throws -> JinjaIterator {
        switch value {
        case .iterator(let iterator): return iterator
        case .range(let range):
            var index = 0
            return try makeIterator(depth: 1) {
                guard index < range.count else { return nil }
                index += 1
                return .int(range[index - 1])
            }
        case .object(let object as JinjaLoopState): return try makeIterator(depth: 1) { try object.next() }
        default:
            var items = try list(value)[...]
            return try makeIterator(depth: max(value.depth, 1)) { items.popFirst() }
        }
    }

    /// All that a value gives when it is walked over.
    func list(_ value: JinjaValue) throws -> [JinjaValue] {
        switch value {
        case .sequence(let sequence): return sequence.items
        case .undefined: return []
        case .string(let text), .safe(let text):
            try meter.makeItems(text.unicodeScalars.count)
            return text.unicodeScalars.map { .string(String(Character($0))) }
        case .dictionary(let dictionary):
            try meter.makeItems(dictionary.entries.count)
            return dictionary.entries.map(\.key)
        case .range, .iterator, .object(is JinjaLoopState):
            let iterator = try iterator(value)
            var items: [JinjaValue] = []
            while let item = try iterator.next() {
                try meter.makeItems(1)
                items.append(item)
            }
            return items
        default: throw JinjaError.failed("\(value.typeName) cannot be walked over")
        }
    }

    func sequence(_ kind: JinjaSequence.Kind, _ items: [JinjaValue]) throws -> JinjaValue {
        try meter.makeItems(items.count)
        let depth = (items.lazy.map(\.depth).max() ?? 0) + 1
        guard depth <= JinjaMeter.deepestValue else { throw JinjaMeter.deepValue }
        return .sequence(JinjaSequence(kind, items, depth: depth))
    }
}
