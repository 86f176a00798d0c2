package import HiREDInference

/// How much of a language model's attention pictures get when it begins an answer, and how it is spread: the paper's
/// figure 2 and table 2.
package struct AttentionReport: Codable, Sendable, Equatable {
    /// All parts are of 1.
    package struct Row: Codable, Sendable, Equatable {
        /// Nil for the mean of all layers.
        package var layer: Int?
        /// Of the whole attention.
        package var pictures, textBefore, textBehind: Double
        /// Of the pictures' part, what the most attended 20 % and 40 % of their tokens hold.
        package var top20, top40: Double
        /// Of the pictures' part, by partition, the full view first; of several pictures one after the other.
        package var partitions: [Double]
        /// Of the pictures' part, what row separators hold.
        package var separators: Double
    }

    package var promptTokens: Int
    package var imageTokens: Int
    /// The layers in order, then their mean.
    package var rows: [Row]

    package init(_ attention: PromptAttention) {
        promptTokens = attention.rows.first?.count ?? 0
        imageTokens = attention.places.reduce(0) { $0 + $1.count }
        rows = attention.rows.enumerated().map { Self.row($0, $1, attention) }
        rows.append(Self.row(nil, Self.mean(attention.rows), attention))
    }

    /// The mean of rows, column by column.
    package static func mean(_ rows: [[Float]]) -> [Float] {
        guard let first = rows.first else { return [] }
        return first.indices.map { place in
            Float(rows.reduce(0.0) { $0 + Double($1[place]) } / Double(rows.count))
        }
    }

    private static func row(_ layer: Int?, _ values: [Float], _ attention: PromptAttention) -> Row {
        func sum(_ values: some Sequence<Float>) -> Double { values.reduce(0.0) { $0 + Double($1) } }
        let tokens = attention.places.flatMap { values[$0] }
        let pictures = sum(tokens)
        let whole = max(pictures, .leastNormalMagnitude)
        let sorted = tokens.sorted(by: >)
        var partitions: [Double] = []
        var separators = 0.0
        for (range, image) in zip(attention.places, attention.pictures.map(\.tokens)) {
            var shares = [Double](repeating: 0, count: image.layout.partitionCount)
            for (value, slot) in zip(values[range], image.selection.slots) {
                switch slot {
                case .token(let partition, _), .merged(let partition): shares[partition] += Double(value)
                case .classToken: shares[0] += Double(value)
                case .separator: separators += Double(value)
                }
            }
            partitions += shares.map { $0 / whole }
        }
        let start = attention.places.first?.lowerBound ?? values.count
        let before = sum(values[..<start])
        return Row(
            layer: layer, pictures: pictures, textBefore: before, textBehind: sum(values) - before - pictures,
            top20: sum(sorted.prefix(tokens.count / 5)) / whole,
            top40: sum(sorted.prefix(2 * tokens.count / 5)) / whole,
            partitions: partitions, separators: separators / whole)
    }

    /// A row's attention to a picture as heat for a figure: for each partition and token, of the largest; 0 for tokens
    /// that were dropped.
    package static func heat(_ values: [Float], of picture: Int, _ attention: PromptAttention) -> [[Float]] {
        let (range, image) = (attention.places[picture], attention.pictures[picture].tokens)
        let most = max(values[range].max() ?? 0, .leastNormalMagnitude)
        var heat = [[Float]](
            repeating: [Float](repeating: 0, count: image.layout.tokensPerPartition), count: image.layout.partitionCount
        )
        for (value, slot) in zip(values[range], image.selection.slots) {
            if case .token(let partition, let index) = slot { heat[partition][index] = value / most }
        }
        return heat
    }

    package var text: String {
        func percent(_ value: Double) -> String {
            let text = "\((1000 * value).rounded() / 10)"
            return String(repeating: " ", count: max(0, 5 - text.count)) + text
        }
        var lines = [
            "\(promptTokens) tokens, \(imageTokens) of them pictures'; per cent of the attention of the prompt's last token",
            "layer  pictures  before  behind   top 20 %  top 40 %   by partition (of the pictures' part)",
        ]
        for row in rows {
            let name = row.layer.map { String($0) } ?? "mean"
            let parts = row.partitions.map(percent).joined(separator: " ")
            lines.append(
                name + String(repeating: " ", count: 5 - name.count) + "     \(percent(row.pictures))   "
                    + "\(percent(row.textBefore))   \(percent(row.textBehind))      \(percent(row.top20))     "
                    + "\(percent(row.top40))   \(parts)")
        }
        return lines.joined(separator: "\n")
    }
}
