import HiREDInference

/// Prometheus' text format (version 0.0.4).
struct PrometheusText {
    private(set) var text = ""

    enum Kind: String { case counter, gauge, histogram }

    typealias Labels = [(String, String)]

    mutating func family(_ name: String, _ kind: Kind, _ help: String, _ samples: [(labels: Labels, value: Double)]) {
        head(name, kind, help)
        for sample in samples { line(name, sample.labels, sample.value) }
    }

    mutating func value(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        family(name, kind, help, [([], value)])
    }

    mutating func histogram(_ name: String, _ help: String, _ histograms: [(labels: Labels, values: Histogram)]) {
        self.histograms(name, help, histograms.map { ($0.labels, $0.values.bounds, $0.values.counts, $0.values.sum) })
    }

    /// - Parameter spreads: labels, upper bounds, values in each range (one more than bounds), and their sum.
    mutating func histograms(_ name: String, _ help: String, _ spreads: [(Labels, [Double], [Int], Double)]) {
        head(name, .histogram, help)
        for (labels, bounds, counts, sum) in spreads {
            var count = 0
            for (bound, values) in zip(bounds, counts) {
                count += values
                line(name + "_bucket", labels + [("le", Self.number(bound))], Double(count))
            }
            let all = Double(counts.reduce(0, +))
            line(name + "_bucket", labels + [("le", "+Inf")], all)
            line(name + "_sum", labels, sum)
            line(name + "_count", labels, all)
        }
    }

    private mutating func head(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func line(_ name: String, _ labels: Labels, _ value: Double) {
        let shown = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
        text += name + (shown.isEmpty ? "" : "{\(shown)}") + " \(Self.number(value))\n"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    private static func number(_ value: Double) -> String {
        if let whole = Int(exactly: value) { return "\(whole)" }
        return "\(value)"
    }
}
