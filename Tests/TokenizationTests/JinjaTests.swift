import Foundation
import Testing

@testable import Tokenization

@Suite struct JinjaTests {
    @Test(arguments: ["space", "literals", "operators", "tests", "filters", "methods", "functions", "statements"])
    func rendersWhatJinjaRenders(_ group: String) throws {
        let (fixture, context) = try JinjaFixture.load()
        let cases = fixture.cases.filter { $0.group == group }
        #expect(cases.count >= 20)
        for example in cases {
            do {
                let output = try JinjaTemplate(example.source).render(context, now: fixture.date)
                guard let expected = example.output else {
                    Issue.record(
                        "\(example.source.debugDescription) gives \(output.debugDescription), fails in Jinja: \(example.error ?? "")"
                    )
                    continue
                }
                #expect(
                    Array(output.utf8) == Array(expected.utf8),
                    "\(example.source.debugDescription)\n\(output.debugDescription)\n\(expected.debugDescription)")
            } catch {
                guard example.output == nil else {
                    Issue.record("\(example.source.debugDescription): \(error)")
                    continue
                }
                // For the same reason, not because a bound or something unknown comes first.
                if let message = example.message { #expect(error == .raised(message)) }
                if case .tooLarge = error { Issue.record("\(example.source): \(error)") }
                if case .unsupported = error { Issue.record("\(example.source): \(error)") }
            }
        }
    }

    @Test func whatIsNotSupportedIsRefusedByName() throws {
        let (fixture, context) = try JinjaFixture.load()
        #expect(fixture.refused.count >= 50)
        for example in fixture.refused {
            let error = #expect(throws: JinjaError.self, "\(example.source)") {
                try JinjaTemplate(example.source).render(context, now: fixture.date)
            }
            guard case .unsupported? = error else {
                Issue.record("\(example.source): \(String(describing: error))")
                continue
            }
            #expect(error?.problem.contains(example.names) == true, "\(example.source): \(error?.problem ?? "")")
        }
    }
}
