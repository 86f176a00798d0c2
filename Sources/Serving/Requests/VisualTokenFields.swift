import HTTPTypes
import HiREDInference
import OrderedJSON

/// What a request says of the tokens of its pictures; what it leaves out comes from the server's settings.
struct VisualTokenFields: Sendable, Equatable {
    enum Budget: Sendable, Equatable {
        case fixed(TokenBudget)
        case auto
    }

    var budget: Budget?
    var alpha: Double?
    var strategy: StrategyName?
    var allocation: Allocation?
    var seed: UInt64?
    var keepsSeparators: Bool?
    var positions: TokenPositions?
    var emptyTileShare: Double?
    /// Targets of an automatic budget.
    var maximumSecondsToFirstToken: Double?
    var maximumBytes: Int?

    init() {}

    /// Reads the field `visual_tokens`. What is unknown in it is refused: it would change the answer.
    init(_ fields: Fields) throws {
        try fields.refuseOthers(
            than: [
                "budget", "alpha", "strategy", "allocation", "seed", "keep_separators", "positions", "skip_tiles",
                "max_ttft", "max_memory",
            ])
        switch fields["budget"] {
        case nil: break
        case .string(let text): budget = try Self.budget(text)
        case .integer(let count): budget = try Self.budget("\(count)")
        case .number(let number): budget = try Self.budget("\(number)")
        case let other?:
            throw APIError.invalid(
                fields.name("budget"),
                "\(fields.name("budget")) is \(other.summary); give \"20%\", \"full\", \"auto\" or a number of tokens",
                code: "invalid_type")
        }
        alpha = try fields.share("alpha")
        strategy = try fields.string("strategy").map { try StrategyName(parsing: $0) }
        allocation = try fields.string("allocation").map { try Allocation(parsing: $0) }
        if let number = try fields.integer("seed") {
            guard let seed = UInt64(exactly: number) else {
                throw APIError.invalid(fields.name("seed"), "\(fields.name("seed")) is \(number); give 0 or more")
            }
            self.seed = seed
        }
        keepsSeparators = try fields.bool("keep_separators")
        positions = try fields.string("positions").map { try TokenPositions(parsing: $0) }
        emptyTileShare = try fields.share("skip_tiles")
        maximumSecondsToFirstToken = try fields.number("max_ttft")
        maximumBytes = try fields.integer("max_memory")
    }

    /// A budget as it is written in a field and behind a model's name.
    static func budget(_ text: String) throws(HiREDError) -> Budget {
        text == "auto" ? .auto : .fixed(try TokenBudget(parsing: text))
    }

    /// What these fields make of other options.
    ///
    /// An option that was inherited, and that the new budget or strategy does not use, is dropped; one that a request
    /// gives itself is refused later.
    func options(over inherited: SelectionOptions) -> SelectionOptions {
        var options = inherited
        if let strategy { options.strategy = strategy }
        if case .fixed(let fixed) = budget { options.budget = fixed }
        if let allocation { options.allocation = allocation }
        options.dropUnused(keepingAllocation: allocation != nil)
        if case .fixed(let fixed) = budget { options.budget = fixed }
        if let alpha { options.alpha = alpha }
        if let seed { options.seed = seed }
        if let keepsSeparators { options.keepsSeparators = keepsSeparators }
        if let positions { options.positions = positions }
        if let emptyTileShare { options.emptyTileShare = emptyTileShare }
        return options
    }
}
