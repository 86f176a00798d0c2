import Testing

@testable import HiRED

/// Baselines and later strategies against independent statements of them (tools/fixtures/strategies.py).
@Suite struct StrategyFixtureTests {
    private struct Document: Decodable {
        struct Case: Decodable {
            let side, rows, columns, alpha: Int
            let image, canvas, content: [Int]
            let budget: String
            let ties: Bool
            let seed: UInt64
            let answers: [Answer]
        }
        struct Answer: Decodable {
            let strategy: String
            let allocation: String?
            let kept: [String]?
            let merged: [Merged]?
        }
        struct Merged: Decodable {
            let partition, token: Int
            let added: String

            init(from decoder: any Decoder) throws {
                var values = try decoder.unkeyedContainer()
                partition = try values.decode(Int.self)
                token = try values.decode(Int.self)
                added = try values.decode(String.self)
            }
        }
        let schema, width: Int
        let cases: [Case]
    }

    /// Taps of every view, drawn in the order that the script states.
    private static func taps(_ stated: Document.Case, _ layout: PartitionLayout, width: Int) -> [ViewTaps] {
        var generator = SplitMix64(seed: stated.seed)
        let count = layout.tokensPerPartition
        func row() -> [Float] {
            (0..<count).map { _ in
                let value = Float(generator.next() >> 56)
                return value * value * value
            }
        }
        func matrix() -> [Float] { (0..<(count * width)).map { _ in Float(generator.next() >> 59) - 15.5 } }
        let first = row()
        return (0..<layout.partitionCount).map { _ in
            var values: [VisionTap: [Float]] = [VisionTap(.classAttention, layer: .first): first]
            values[VisionTap(.classAttention, layer: .final)] = row()
            values[VisionTap(.classAttentionUnsplit, layer: .index(-1))] = row()
            values[VisionTap(.features, layer: .final)] = matrix()
            values[VisionTap(.keys, layer: .index(-1))] = matrix()
            values[.projected] = matrix()
            guard stated.ties else { return ViewTaps(values) }
            for (tap, numbers) in values where tap.layer != .first {
                let length = numbers.count / count
                for token in stride(from: 4, to: count, by: 5) {
                    for column in 0..<length {
                        values[tap]?[token * length + column] = numbers[(token - 1) * length + column]
                    }
                }
            }
            return ViewTaps(values)
        }
    }

    @Test func choicesEqualNumPy() throws {
        let document: Document = try fixture("strategies")
        #expect(document.schema == 1)
        var compared: [String: Int] = [:]
        for (number, stated) in document.cases.enumerated() {
            let layout = try PartitionLayout(
                side: stated.side, tileRows: stated.rows, tileColumns: stated.columns,
                imageSize: PixelSize(width: stated.image[0], height: stated.image[1]),
                canvasSize: PixelSize(width: stated.canvas[0], height: stated.canvas[1]),
                content: PixelRectangle(
                    x: stated.content[0], y: stated.content[1], width: stated.content[2], height: stated.content[3]))
            let taps = Self.taps(stated, layout, width: document.width)
            for answer in stated.answers {
                var options = SelectionOptions()
                options.strategy = try StrategyName(parsing: answer.strategy)
                options.allocation = try answer.allocation.map(Allocation.init(parsing:))
                if options.strategy.takesBudget { options.budget = try TokenBudget(parsing: stated.budget) }
                if options.allocation == .paper { options.alpha = Double(stated.alpha) / 1000 }
                let selection = try options.makeStrategy().run(options.budget, layout, taps)
                let place: Comment = "case \(number), \(answer.strategy) \(answer.allocation ?? "")"
                compared[answer.strategy, default: 0] += 1
                #expect(selection.count <= options.mostTokens(of: layout), place)
                if let kept = answer.kept {
                    #expect(try selection.kept == kept.map { try indices(ofBits: $0) }, place)
                }
                guard let merged = answer.merged else {
                    if options.strategy.obeysBudget {
                        let budget = try options.budget.tokenCount(of: layout.totalTokens)
                        #expect(selection.count == min(budget, layout.keepableTokens), place)
                    }
                    continue
                }
                #expect(selection.slots.count == merged.count, place)
                for (slot, expected) in merged.enumerated() where slot < selection.slots.count {
                    let isRest = expected.token < 0
                    #expect(
                        selection.slots[slot]
                            == (isRest
                                ? .merged(partition: expected.partition)
                                : .token(partition: expected.partition, index: expected.token)),
                        place)
                    let attention = taps[expected.partition].values[
                        VisionTap(.classAttentionUnsplit, layer: .index(-1))]
                    var sum = selection.merges[slot] ?? []
                    if !isRest {
                        #expect(
                            sum.popLast()
                                == WeightedToken(partition: expected.partition, index: expected.token, weight: 1), place
                        )
                    }
                    #expect(sum.map(\.index).sorted() == (try indices(ofBits: expected.added)), place)
                    #expect(sum.allSatisfy { $0.weight == attention?[$0.index] }, place)
                    #expect(sum.allSatisfy { $0.partition == expected.partition }, place)
                }
            }
        }
        #expect(compared.values.allSatisfy { $0 >= 80 })
        #expect(compared.count == 6)
    }
}
