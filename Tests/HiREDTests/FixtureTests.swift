import Testing

@testable import HiRED

/// The method against independent statements of it (tools/fixtures/hired_paper.py, released_code.py).
@Suite struct FixtureTests {
    private struct Paper: Decodable {
        struct Case: Decodable {
            let side, rows, columns, alpha: Int
            let image, canvas, content: [Int]
            let budget: String
            let first: [Int]
            let final: [[Int]]
            let budgets, scores, packed: [Int]
            let kept: [String]
        }
        let schema: Int
        let cases: [Case]
    }

    @Test func paperAllocationEqualsFractions() throws {
        let document: Paper = try fixture("paper")
        #expect(document.schema == 1)
        #expect(document.cases.count >= 200)
        for (number, stated) in document.cases.enumerated() {
            let image = PixelSize(width: stated.image[0], height: stated.image[1])
            let layout =
                stated.rows == 0
                ? try PartitionLayout(side: stated.side, imageSize: image)
                : try PartitionLayout(
                    side: stated.side, tileRows: stated.rows, tileColumns: stated.columns, imageSize: image,
                    canvasSize: PixelSize(width: stated.canvas[0], height: stated.canvas[1]),
                    content: PixelRectangle(
                        x: stated.content[0], y: stated.content[1], width: stated.content[2], height: stated.content[3])
                )
            let alpha = try #require(DecimalShare(Double(stated.alpha) / 1000))
            let strategy = HiREDStrategy(BudgetSharing(alpha: alpha, even: false), separators: false)
            let selection = try strategy.run(
                try TokenBudget(parsing: stated.budget), layout,
                taps(first: stated.first.map { Float($0) }, final: stated.final.map { $0.map { Float($0) } }))
            #expect(selection.allocation.budgets == stated.budgets, "case \(number)")
            #expect(selection.allocation.scores == stated.scores.map { Double($0) }, "case \(number)")
            #expect(try selection.kept == stated.kept.map { try indices(ofBits: $0) }, "case \(number)")
            #expect(selection.packed(tokensPerPartition: layout.tokensPerPartition) == stated.packed, "case \(number)")
        }
    }

    private struct Released: Decodable {
        struct Image: Decodable {
            let side, rows, columns: Int
            let image: [Int]
            let kind: String
            let first: [UInt32]
            let final: [[UInt32]]
            let queries: [Query]
        }
        struct Query: Decodable {
            let percent: String
            let alpha: Double
            let fails: String?
            let budgets, scores, packed: [Int]?
            let kept: [String]?
        }
        let schema: Int
        let images: [Image]
    }

    @Test func releasedCodeEqualsNumPy() throws {
        let document: Released = try fixture("released_code")
        #expect(document.schema == 1)
        var (compared, refused) = (0, 0)
        for stated in document.images {
            let layout = try letterboxed(
                rows: stated.rows, columns: stated.columns, side: stated.side,
                image: PixelSize(width: stated.image[0], height: stated.image[1]))
            func floats(_ row: [UInt32]) -> [Float] {
                row.map { stated.kind == "bits" ? Float(bitPattern: $0) : Float($0) }
            }
            let taps = taps(first: floats(stated.first), final: stated.final.map(floats))
            for query in stated.queries {
                let strategy = ReleasedCodeStrategy(alpha: query.alpha)
                let budget = try TokenBudget(parsing: query.percent + "%")
                let place: Comment =
                    "\(stated.rows)x\(stated.columns), side \(stated.side), \(query.percent)%, \(query.alpha)"
                guard query.fails == nil else {
                    refused += 1
                    #expect(throws: HiREDError.self, place) { try strategy.run(budget, layout, taps) }
                    continue
                }
                compared += 1
                let selection = try strategy.run(budget, layout, taps)
                #expect(selection.allocation.budgets == query.budgets, place)
                #expect(selection.allocation.scores == query.scores?.map { Double($0) }, place)
                #expect(try selection.kept == query.kept?.map { try indices(ofBits: $0) }, place)
                #expect(selection.packed(tokensPerPartition: layout.tokensPerPartition) == query.packed, place)
            }
        }
        #expect(compared > 1000)
        #expect(refused > 100)
    }
}
