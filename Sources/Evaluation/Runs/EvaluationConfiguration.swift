import Foundation
package import HiRED

/// One way of choosing tokens, under its name in tables.
package struct EvaluationConfiguration: Sendable, Hashable {
    package var label: String
    package var options: SelectionOptions

    package init(label: String, options: SelectionOptions) {
        self.label = label
        self.options = options
    }

    /// Every strategy under every budget, what goes without a budget once: `full` keeps everything, PruMerge finds its
    /// own number.
    ///
    /// - Parameters:
    ///   - strategies: in the order of tables.
    ///   - budgets: of those that take one; `full` among them is the strategy `full`.
    ///   - variants: changes to the options, each with what it adds to the name. A strategy that they do not concern runs once,
    ///     as it is; of one that they do concern, those that do not go together are left out.
    /// - Throws: `EvaluationError.badConfiguration` where nothing is left.
    package static func all(
        strategies: [StrategyName], budgets: [TokenBudget], variants: [Variant] = []
    ) throws(EvaluationError) -> [EvaluationConfiguration] {
        var configurations: [EvaluationConfiguration] = []
        func add(_ label: String, _ options: SelectionOptions) {
            guard (try? options.makeStrategy()) != nil, !configurations.contains(where: { $0.label == label }) else {
                return
            }
            configurations.append(EvaluationConfiguration(label: label, options: options))
        }
        if budgets.contains(.full) || strategies.contains(.full) { add("full", SelectionOptions()) }
        for strategy in strategies where strategy != .full {
            var options = SelectionOptions()
            options.strategy = strategy
            guard strategy.takesBudget else {
                add(strategy.rawValue, options)
                continue
            }
            for budget in budgets where budget != .full {
                options.budget = budget
                let name = "\(strategy.rawValue) \(budget)"
                if variants.isEmpty { add(name, options) }
                for variant in variants {
                    var changed = options
                    variant.change(&changed)
                    if strategy.allocations.isEmpty, (try? changed.makeStrategy()) == nil { changed = options }
                    add(variant.label.isEmpty || changed == options ? name : "\(name) \(variant.label)", changed)
                }
            }
        }
        guard !configurations.isEmpty else {
            throw .badConfiguration(
                "strategies and budgets leave nothing to run", remedy: "give a budget below full, or the strategy full")
        }
        return configurations
    }

    /// A change to a selection's options.
    package struct Variant: Sendable {
        package var label: String
        package var change: @Sendable (inout SelectionOptions) -> Void

        package init(label: String, change: @escaping @Sendable (inout SelectionOptions) -> Void) {
            self.label = label
            self.change = change
        }
    }

    /// Every combination of one change from each list; the label of one that changes nothing is empty.
    package static func combinations(_ lists: [[Variant]]) -> [Variant] {
        lists.filter { !$0.isEmpty }.reduce([]) { combined, list in
            guard !combined.isEmpty else { return list }
            return combined.flatMap { first in
                list.map { second in
                    Variant(label: [first.label, second.label].filter { !$0.isEmpty }.joined(separator: " ")) {
                        first.change(&$0)
                        second.change(&$0)
                    }
                }
            }
        }
    }
}
