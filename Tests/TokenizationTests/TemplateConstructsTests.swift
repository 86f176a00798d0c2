import Foundation
import Testing

@testable import Tokenization

/// Which constructs published templates use (tools/fixtures/template_constructs.py): each is rendered, and compared with
/// Jinja on a text of our own.
@Suite struct TemplateConstructsTests {
    private struct Constructs: Decodable { var templates: [String: [String]] }

    @Test func whatPublishedTemplatesUseIsComparedWithJinja() throws {
        let data = try Data(contentsOf: TokenizationFixture.url("constructs"))
        let templates = try JSONDecoder().decode(Constructs.self, from: data).templates
        #expect(templates.count >= 25)
        let sources = try JinjaFixture.load().fixture.cases.filter { $0.output != nil }.map(\.source)
        let constructs = Set(templates.values.joined()).sorted()
        #expect(constructs.count >= 50)
        for construct in constructs {
            let part = construct.split(separator: " ", maxSplits: 1)
            #expect(part.count == 2, "\(construct)")
            let name = String(part[1])
            let texts: [String]
            switch part[0] {
            case "filter":
                #expect(JinjaFilters.kinds[name] != nil && JinjaFilters.kinds[name] != .refused, "\(construct)")
                texts = ["|\(name)", "| \(name)", "('\(name)'"]
            case "test": texts = ["is \(name)", "is not \(name)", "'\(name)'"]
            case "method": texts = [".\(name)("]
            case "function": texts = ["\(name)("]
            case "loop": texts = ["loop.\(name)"]
            case "statement": texts = Self.statements[name] ?? ["% \(name)", "%- \(name)"]
            case "for": texts = Self.loops[name] ?? []
            case "expression": texts = Self.expressions[name] ?? []
            case "call": texts = ["% macro"]
            case "mark": texts = name == "final line end" ? ["a\n"] : [name]
            default: texts = []
            }
            #expect(sources.contains { source in texts.contains { source.contains($0) } }, "\(construct)")
        }
    }

    private static let statements = ["block set": ["{% endset"], "set of an attribute": ["set ns."]]
    private static let loops = [
        "with if": [" if i > 1 %}"], "with else": ["{% else %}none"], "with recursive": [" recursive %}"],
    ]
    private static let expressions = [
        "CondExpr": [" if b else "], "Slice": ["[1:"], "Concat": ["~"], "Dict": ["{'a': 1"], "List": ["[1, 2"],
        "Tuple": ["(1, 2"], "Add": ["1 + 2"], "Sub": [" - 4"], "Mul": [" * 3"], "Div": [" / 2"], "FloorDiv": ["//"],
        "Mod": ["7 % 3"], "Pow": ["**"], "Neg": ["-7"], "Not": ["not "], "And": [" and "], "Or": [" or "],
        "Compare": ["=="],
    ]
}
