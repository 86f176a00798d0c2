extension InspectionReport {
    /// The report for people.
    var lines: [String] {
        var lines: [String] = []
        let origin = imported.map { "imported by \($0.createdBy) from " } ?? "a checkpoint of "
        lines.append("\(family), \(origin)layout \(layout ?? "unknown")")
        let listed = imported?.graphs.contains { $0.weights.isEmpty } ?? false ? " besides the graphs not listed" : ""
        lines.append(
            "\(millions(parameters)) M parameters in \(tensors.count) tensors\(listed), "
                + "\(megabytes(weightBytes)) of weights, \(megabytes(diskBytes)) on disk")
        lines.append(
            "vision: \(vision.layers) layers of \(vision.hiddenSize), \(vision.imageSize) pixels a view, "
                + "\(vision.tokensPerView) tokens")
        lines.append(
            "text: \(text.family), \(text.layers) layers of \(text.hiddenSize), context \(text.context), "
                + "vocabulary \(text.vocabulary)")
        if let imported {
            for graph in imported.graphs {
                let formats = graph.weights.isEmpty ? "another exporter's" : Self.text(graph.weights)
                lines.append("\(graph.file): \(megabytes(graph.bytes)): \(formats)")
            }
        } else {
            lines.append("weights: \(Self.text(weights))")
        }
        lines.append("chat template: \(chatTemplate ?? "none in the folder")")
        if let memoryBytes { lines.append("memory: at least \(megabytes(memoryBytes)) to run") }
        if let activationGroup {
            lines.append("arithmetic: activations before 4-bit matrices in groups of \(activationGroup)")
        }
        lines += notes.map { "note: \($0)" }
        lines.append("runtime: OpenVINO \(runtime)")
        return lines
    }

    private static func text(_ weights: [Weights]) -> String {
        weights.map { alike in
            let group = alike.groupSize.map { " in groups of \($0)" } ?? ""
            return "\(alike.tensors) \(alike.type)\(group) (\(megabytes(alike.bytes)))"
        }.joined(separator: ", ")
    }

    private static func megabytes(_ bytes: Int) -> String {
        let tenths = (bytes + 50_000) / 100_000
        return tenths < 1000 ? "\(tenths / 10).\(tenths % 10) MB" : "\(tenths / 10) MB"
    }

    private func megabytes(_ bytes: Int) -> String { Self.megabytes(bytes) }
    private func millions(_ count: Int) -> Int { (count + 500_000) / 1_000_000 }
}
