import ArgumentParser
import Foundation
import HiREDInference

/// What `--budget auto` is to meet.
struct AutoBudgetArguments: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: "With --budget auto: seconds until the first token.")
    var maxTtft: String?

    @Option(
        parsing: .unconditional,
        help: "With --budget auto: bytes the program may take besides mapped files, such as 2GB or 512MiB.")
    var maxMemory: String?

    /// Nil unless the selection's budget is `auto`.
    func budget(for selection: SelectionArguments) throws -> AutoBudget? {
        guard selection.budget == "auto" else {
            if let name = maxTtft != nil ? "max-ttft" : maxMemory != nil ? "max-memory" : nil {
                throw CommandError(
                    .usage,
                    "--\(name) chooses the budget, and '\(selection.budget)' is one; add --budget auto, or drop --\(name)"
                )
            }
            return nil
        }
        guard selection.strategy != "full" else {
            throw CommandError(
                .usage, "--budget auto needs a strategy that drops tokens; give another than full, such as hired")
        }
        guard maxTtft != nil || maxMemory != nil else {
            throw CommandError(
                .usage, "--budget auto has no target; add --max-ttft SECONDS, --max-memory BYTES, or both")
        }
        let auto = AutoBudget(maximumSecondsToFirstToken: try seconds(), maximumBytes: try bytes())
        try auto.validate()
        return auto
    }

    /// What automatic budgets are to meet where a request asks for one; nil where nothing is given.
    func targets() throws -> AutoBudget? {
        guard maxTtft != nil || maxMemory != nil else { return nil }
        let auto = AutoBudget(maximumSecondsToFirstToken: try seconds(), maximumBytes: try bytes())
        try auto.validate()
        return auto
    }

    private func seconds() throws -> Double? {
        guard let maxTtft else { return nil }
        guard let seconds = Double(maxTtft) else {
            throw CommandError(.usage, "max-ttft cannot be '\(maxTtft)'; give seconds above 0, such as 2.5")
        }
        return seconds
    }

    private func bytes() throws -> Int? {
        guard let maxMemory else { return nil }
        guard let count = ByteCount(argument: maxMemory) else {
            throw CommandError(.usage, "max-memory cannot be '\(maxMemory)'; \(ByteCount.remedy)")
        }
        return count.bytes
    }
}

extension BudgetChoice {
    /// For people.
    var line: String {
        func seconds(_ milliseconds: Double) -> String { String(format: "%.3g s", milliseconds / 1000) }
        var parts: [String] = []
        if let target = targetMillisecondsToFirstToken {
            parts.append(
                "first token after \(seconds(predictedMillisecondsToFirstToken)) expected, \(seconds(target)) allowed")
        }
        if let target = targetBytes {
            parts.append("\(ByteCount.text(predictedBytes)) expected, \(ByteCount.text(target)) allowed")
        }
        let lead =
            meetsTarget
            ? "budget auto: \(tokens) image tokens"
            : "budget auto: the target is missed even with the least, \(tokens) image tokens"
        return lead + " (" + parts.joined(separator: "; ") + ")"
    }
}
