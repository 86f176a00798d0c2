/// An expression of a template. Chains (`a + b + c`, `a.b.c | d`, `not not a`) are one node, however long: the depth of
/// a tree is the depth of its brackets.
indirect enum JinjaExpression: Sendable {
    case literal(JinjaLiteral)
    case variable(String)
    case list([JinjaExpression])
    case tuple([JinjaExpression])
    case dictionary([(key: JinjaExpression, value: JinjaExpression)])
    case postfix(JinjaExpression, [JinjaPostfix])
    /// Whether each sign, from the outermost, is a minus.
    case signed([Bool], JinjaExpression)
    case not(JinjaExpression, count: Int)
    case and([JinjaExpression])
    case or([JinjaExpression])
    case comparison(JinjaExpression, [(operation: JinjaComparison, operand: JinjaExpression)])
    case arithmetic(JinjaExpression, [(operation: JinjaArithmetic, operand: JinjaExpression)])
    case concatenation([JinjaExpression])
    /// `a if b else c if d`: pairs of condition and value, then what is left.
    case conditional([(condition: JinjaExpression, value: JinjaExpression)], otherwise: JinjaExpression?)
}

enum JinjaLiteral: Sendable {
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
}

enum JinjaComparison: String, Sendable {
    case equal = "=="
    case unequal = "!="
    case less = "<"
    case greater = ">"
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case isIn = "in"
    case isNotIn = "not in"
}

enum JinjaArithmetic: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case divideToFloor = "//"
    case remainder = "%"
    case power = "**"
}

/// What may stand behind a value.
enum JinjaPostfix: Sendable {
    case attribute(String)
    case item(JinjaExpression)
    case slice(JinjaExpression?, JinjaExpression?, JinjaExpression?)
    case call(JinjaCall)
    case filter(String, JinjaCall)
    case test(String, JinjaCall, negated: Bool)
}

struct JinjaCall: Sendable {
    var positional: [JinjaExpression] = []
    var named: [(name: String, value: JinjaExpression)] = []
    /// Behind `*` and `**`.
    var spread: JinjaExpression?
    var namedSpread: JinjaExpression?
}

/// What an assignment or a loop gives a value to.
enum JinjaTarget: Sendable {
    case name(String)
    case attribute(of: String, String)
    case tuple([JinjaTarget])
}

indirect enum JinjaNode: Sendable {
    case text(String)
    case output([JinjaExpression])
    case loop(JinjaLoop)
    case branch([(condition: JinjaExpression, body: [JinjaNode])], otherwise: [JinjaNode])
    case assign(JinjaTarget, JinjaExpression)
    case assignBlock(JinjaTarget, filters: [JinjaPostfix], body: [JinjaNode])
    case macro(JinjaMacro)
    case callBlock(JinjaMacro, call: JinjaExpression)
    case filterBlock([JinjaPostfix], body: [JinjaNode])
    case with([(target: JinjaTarget, value: JinjaExpression)], body: [JinjaNode])
    /// Marks what an assistant wrote, for training: rendered as it is, in a scope of its own.
    case scope([JinjaNode])
    case breakLoop
    case continueLoop
}

final class JinjaLoop: Sendable {
    let target: JinjaTarget
    let over: JinjaExpression
    let condition: JinjaExpression?
    let isRecursive: Bool
    let body: [JinjaNode]
    let otherwise: [JinjaNode]

    init(
        target: JinjaTarget, over: JinjaExpression, condition: JinjaExpression?, isRecursive: Bool, body: [JinjaNode],
        otherwise: [JinjaNode]
    ) {
        self.target = target
        self.over = over
        self.condition = condition
        self.isRecursive = isRecursive
        self.body = body
        self.otherwise = otherwise
    }
}

/// A macro, or the body of a call block.
final class JinjaMacro: Sendable {
    let name: String
    let parameters: [(name: String, value: JinjaExpression?)]
    let body: [JinjaNode]
    /// Whether it takes arguments beyond its parameters, which is so where its body speaks of them.
    let takesRest: Bool
    let takesNamedRest: Bool
    let takesCaller: Bool

    init(
        name: String, parameters: [(name: String, value: JinjaExpression?)], body: [JinjaNode], names: Set<String>
    ) {
        self.name = name
        self.parameters = parameters
        self.body = body
        takesRest = names.contains("varargs")
        takesNamedRest = names.contains("kwargs")
        takesCaller = names.contains("caller")
    }
}
