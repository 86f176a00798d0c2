import Foundation
import HiREDInference
import Testing

@testable import Reporting

/// Reports come back as they were written, and pages hold nothing but what they show.
@Suite struct ReportTests {
    private static let demo = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models/demo")

    private func selection(_ model: VisionLanguageModel) async throws -> PictureSelection {
        var options = SelectionOptions()
        options.budget = try TokenBudget(parsing: "20%")
        return try await model.select(.file(Self.demo.appending(path: "samples/10-receipt.png")), options: options)
    }

    private func result(_ model: VisionLanguageModel) async throws -> GenerationResult {
        var request = GenerationRequest(
            GenerationRequest.question("What does the image say?", imageCount: 1),
            images: [.file(Self.demo.appending(path: "samples/10-receipt.png"))], selection: SelectionOptions(),
            maximumTokens: 4)
        request.sampling.logprobs = 2
        var result: GenerationResult?
        for try await case .finished(let finished) in model.generate(request) { result = finished }
        return try #require(result)
    }

    private func comesBack<Report: Codable & Equatable>(_ report: Report) throws -> Bool {
        try ReportCoding.decode(Report.self, from: ReportCoding.encode(report)) == report
    }

    @Test func reportsComeBack() async throws {
        let model = try VisionLanguageModel(contentsOf: Self.demo)
        let answer = AnswerReport(try await result(model), load: 1.5, tokenizer: model.tokenizer)
        #expect(try comesBack(answer))
        // No budget is null, not a missing key.
        let text = String(decoding: try ReportCoding.encode(answer), as: UTF8.self)
        #expect(text.contains("\"budget\":null"))
        let selection = try await selection(model)
        #expect(try comesBack(SelectionReport(selection.tokens)))
        #expect(try comesBack(Spread([3, 1, 2])))
        var demo = DemoReport()
        let result = try await result(model)
        let rows = [DemoReport.Row("one", result, isRight: true), DemoReport.Row("two", result, isRight: false)]
        for _ in 0..<2 { try demo.add(question: "q", answer: "a", rows: rows, selection: selection) }
        #expect(try comesBack(demo))
        #expect(demo.summary.map(\.name) == ["one", "two"] && demo.summary.map(\.right) == [2, 0])
        #expect(demo.summary.allSatisfy { $0.asked == 2 && $0.tokens == Double(result.images[0].kept) })
        #expect(demo.summary[0].ttftMs.median == result.timings.timeToFirstToken)
        // The page opens where budgets differ; the rest keeps its order.
        let wrong = rows.map { DemoReport.Row($0.name, result, isRight: false) }
        var mixed = DemoReport()
        for (name, rows) in [("none", wrong), ("some", rows), ("none again", wrong)] {
            try mixed.add(question: name, answer: "a", rows: rows, selection: selection)
        }
        #expect(mixed.byDifference.map(\.question) == ["some", "none", "none again"])
        #expect(mixed.text.contains("some  (right: a)\n  one          right"))
        #expect(mixed.text.hasPrefix("\n  budget"))
    }

    @Test func everyKeptTokenIsLit() async throws {
        let model = try VisionLanguageModel(contentsOf: Self.demo)
        let selection = try await selection(model)
        let picture = KeptTokenPicture(selection)
        #expect(selection.tokens.keptFlags.joined().count { $0 } == selection.tokens.kept)
        let views = try picture.views()
        #expect(views.count == 2 && views[1].kept.count == selection.tokens.layout.tileCount)
        #expect(views.flatMap(\.kept).joined().count { $0 == "1" } == selection.tokens.kept)
        // One veil for each dropped token.
        let dropped = selection.tokens.layout.totalTokens - selection.tokens.kept
        #expect(try picture.svg().components(separatedBy: "h1v1h-1z").count - 1 == dropped)
        let image = picture.render()
        #expect(image.height == selection.partitions.canvas().height)
    }

    @Test func dataCannotLeaveItsElement() async throws {
        let model = try VisionLanguageModel(contentsOf: Self.demo)
        var demo = DemoReport()
        let hostile = "</script><script>alert(1)</script>{{style}}<!--\u{2028}&amp;\""
        try demo.add(question: hostile, answer: hostile, rows: [], selection: try await selection(model))
        let page = try demo.html()
        #expect(page.components(separatedBy: "</script>").count == 3)
        #expect(page.components(separatedBy: "<script").count == 3)
        #expect(!page.contains("\u{2028}") && !page.contains("alert(1)<"))
        #expect(!page.contains("http://") || page.components(separatedBy: "http://").count == 2)
        // What is inside reads back.
        let start = try #require(page.range(of: "id=\"data\">"))
        let end = try #require(page.range(of: "</script>", range: start.upperBound..<page.endIndex))
        let data = Data(page[start.upperBound..<end.lowerBound].utf8)
        #expect(try ReportCoding.decode(DemoReport.self, from: data) == demo)
    }

    @Test func spreadsAreThoseOfTheirValues() {
        #expect(Spread([]) == Spread([0]))
        #expect(Spread([4, 1, 3, 2]).median == 2.5)
        #expect((Spread([4, 1, 3]).least, Spread([4, 1, 3]).most) == (1, 4))
        // NumPy: np.percentile([1, 2, 3, 4], 90) == 3.7
        #expect(abs(Spread.percentile(90, of: [4, 3, 2, 1]) - 3.7) < 1e-12)
        #expect(Spread.percentile(0, of: [5, 6]) == 5 && Spread.percentile(100, of: [5, 6]) == 6)
    }
}
