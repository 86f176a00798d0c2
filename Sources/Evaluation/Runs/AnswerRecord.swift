/// An answer, as it is kept: a line of the log.
package struct AnswerRecord: Codable, Sendable, Equatable {
    package var task: EvaluationTask
    /// Of the question within its task, from 0.
    package var sample: Int
    package var configuration: String
    package var answer: String
    /// Image tokens without dropping, and those that were kept.
    package var fullTokens: Int
    package var keptTokens: Int
    /// Milliseconds.
    package var ttft: Double
    package var total: Double

    struct Key: Hashable {
        var task: EvaluationTask
        var sample: Int
        var configuration: String
    }

    var key: Key { Key(task: task, sample: sample, configuration: configuration) }
}

/// What decides a run's answers besides questions and configurations.
package struct RunSettings: Codable, Sendable, Equatable {
    /// By name; compared when a run is taken up again.
    package var values: [String: String]

    package init(_ values: [String: String]) { self.values = values }

    /// What differs, for people; nil where nothing does.
    func difference(from other: RunSettings) -> String? {
        let names = Set(values.keys).union(other.values.keys).sorted()
        guard let name = names.first(where: { values[$0] != other.values[$0] }) else { return nil }
        return "\(name) was \(other.values[name] ?? "not given"), and is \(values[name] ?? "not given") now"
    }
}
