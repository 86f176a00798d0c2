import Foundation
import Testing

@testable import Tokenization

/// Templates that are to end a process, or to take its time or memory. Each is rendered on a thread with 512 kB of stack.
@Suite struct HostileTemplateTests {
    /// What comes of a template on a small stack: its text or an error.
    private func outcome(_ source: String, _ context: [String: JinjaValue] = [:]) -> Result<String, JinjaError> {
        let box = Box(source, context)
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            box.run()
            done.signal()
        }
        thread.stackSize = 512 << 10
        thread.start()
        done.wait()
        return box.result ?? .failure(.failed("nothing came of it"))
    }

    /// `@unchecked Sendable`: one thread writes, and the other reads when that has ended.
    private final class Box: @unchecked Sendable {
        let source: String
        let context: [String: JinjaValue]
        var result: Result<String, JinjaError>?

        init(_ source: String, _ context: [String: JinjaValue]) {
            self.source = source
            self.context = context
        }

        func run() {
            result = Result { () throws(JinjaError) in try JinjaTemplate(source).render(context) }
        }
    }

    private static func times(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    /// Chains are long, not deep: they are rendered.
    static let long: [(String, String)] = [
        ("{{ " + times("1+", 50_000) + "1 }}", "50001"),
        ("{{ " + times("'a'~", 20_000) + "'b' }}", times("a", 20_000) + "b"),
        ("{{ ''" + times("|trim", 20_000) + " }}", ""),
        ("{{ 'x'" + times(".strip()", 10_000) + " }}", "x"),
        ("{{ " + times("not ", 50_000) + "1 }}", "True"),
        ("{{ " + times("- ", 50_000) + "1 }}", "1"),
        ("{{ " + times("1 and ", 40_000) + "7 }}", "7"),
        ("{{ " + times("1 < ", 40_000) + "0 }}", "False"),
        ("{{ " + times("0 if 0 else ", 20_000) + "3 }}", "3"),
        ("{% if 0 %}" + times("{% elif 0 %}", 15_000) + "{% else %}e{% endif %}", "e"),
        ("{{ a" + times(" is eq a", 25_000) + " }}", "False"),
        (times("{{ 1 }}", 30_000), times("1", 30_000)),
        ("{% set x = 1 %}" + times("{% set x = x + 1 %}", 10_000) + "{{ x }}", "10001"),
    ]

    @Test(arguments: long.indices) func longChainsAreRendered(_ index: Int) throws {
        let (source, expected) = Self.long[index]
        #expect(try outcome(source).get() == expected)
    }

    static let hostile: [String] = [
        // Depth of every kind.
        "{{ " + times("(", 50_000) + "1" + times(")", 50_000) + " }}",
        "{{ " + times("[", 50_000) + times("]", 50_000) + " }}",
        "{{ " + times("{'a':", 30_000) + "1" + times("}", 30_000) + " }}",
        "{{ " + times("f(", 50_000) + times(")", 50_000) + " }}",
        "{{ a" + times("[a", 50_000) + times("]", 50_000) + " }}",
        "{{ " + times("not (", 30_000) + "1" + times(")", 30_000) + " }}",
        "{{ " + times("1 if 1 ", 30_000) + " }}",
        "{{ " + times("1 if (", 30_000) + "1" + times(")", 30_000) + " }}",
        "{{ a" + times("|d(a", 30_000) + times(")", 30_000) + " }}",
        "{{ a" + times(" is eq(a", 25_000) + times(")", 25_000) + " }}",
        times("{% if 1 %}", 15_000) + times("{% endif %}", 10_000),
        times("{% for x in y %}", 10_000),
        times("{% filter upper %}", 10_000),
        times("{% set x %}", 10_000),
        times("{% macro m() %}", 10_000),
        times("{% generation %}", 10_000),
        times("{% with %}", 10_000),
        "{% for " + times("(", 50_000) + "a" + times(")", 50_000) + " in y %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro a(x) %}{{ caller() }}{% endmacro %}{% macro m() %}{% call a(1) %}{{ m() }}{% endcall %}{% endmacro %}{{ m() }}",
        "{% macro m(x=m()) %}{% endmacro %}{{ m() }}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% set ns = namespace(a=[]) %}{% for i in range(100000) %}{% set ns.a = [ns.a] %}{% endfor %}",
        "{% set ns = namespace(a={}) %}{% for i in range(100000) %}{% set ns.a = {'a': ns.a} %}{% endfor %}{{ ns.a|tojson }}",
        "{% set ns = namespace(a=[]) %}{% for i in range(100000) %}{% set ns.a = ns.a|map('string') %}{% endfor %}",
        "{% set ns = namespace(a=[]) %}{% for i in range(100000) %}{% set ns.a = [ns.a.index] %}{% endfor %}",
        "{{ [1]" + times("|map('string')", 10_000) + "|list }}",
        // Time.
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(28) }}",
        "{% set s = 'a' * 1000000 %}{% for i in range(9999) %}{{ s.count('b') }}{{ s == s ~ 'x' }}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{{ s.find(s[1:] ~ 'b') }}{% for i in range(9999) %}{% if s is lower %}{% endif %}{% endfor %}",
        "{% set l = range(99999)|list %}{% for i in range(9999) %}{{ -1 in l }}{% endfor %}",
        "{% for i in range(99999) %}{{ -1 in range(99999) }}{% endfor %}",
        "{% set l = range(30000)|list %}{% for i in range(9999) %}{{ l|sort|length }}{% endfor %}",
        "{% set l = [0] * 100 %}{% set l = [l] * 100 %}{% set l = [l] * 100 %}{% set l = [l] * 100 %}{{ l == [0] or l|string|length }}",
        "{% set s = 'a' * 1000000 %}{% for i in range(9999) %}{{ s[999999] }}{% endfor %}",
        // Memory.
        "{% set ns = namespace(s='a') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "{% set ns = namespace(s='a') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(s='a') %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
        "{{ 'a' * 1000000000 }}", "{{ [1] * 1000000000 }}", "{{ 1000000000 * 'a' }}",
        "{{ 'ab' * 9223372036854775807 }}",
        "{{ [1, 2] * 9223372036854775807 }}", "{{ 'a'|indent(1000000000, true) }}", "{{ 'a'.center(1000000000) }}",
        "{{ 'a'.ljust(9223372036854775807) }}", "{{ 'a'.zfill(9223372036854775807) }}", "{{ '%1000000000d' % 1 }}",
        "{{ '%.1000000000f' % 1.5 }}", "{{ ('a' * 100000).replace('a', 'b' * 100000) }}",
        "{{ ('a' * 100000).replace('', 'b' * 100000) }}",
        "{{ ('a' * 100000)|replace('a', 'b' * 100000) }}", "{{ ('b' * 100000)|join('a' * 100000) }}",
        "{{ ('b' * 100000).join('a' * 100000) }}", "{{ [1]|tojson(indent=1000000000) }}",
        "{{ [1]|tojson(indent='a' * 9000000)|length }}{{ [[[[[1]]]]]|tojson(indent='a' * 9000000)|length }}",
        "{{ range(99999)|batch(1000000000, 'x')|list }}", "{{ range(9)|slice(1000000000)|list }}",
        "{{ [1]|batch(9223372036854775807, 1)|list }}",
        "{% for i in range(99999) %}{{ 'a' * 1000 }}{% endfor %}",
        "{% for i in range(99999) %}{% set x = range(99999)|list %}{% endfor %}",
        "{% set x %}{% for i in range(99999) %}{{ 'a' * 1000 }}{% endfor %}{% endset %}", "{{ ('a' * 20000000)|list }}",
        "{{ ('a ' * 5000000).split() }}", "{{ ('aa' * 5000000).split('a') }}", "{{ ('\\n' * 9000000).splitlines() }}",
        "{% set ns = namespace() %}{% for i in range(99999) %}{% for j in range(99999) %}{% set ns.x = namespace(x=ns.x) %}{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(9) %}{% set x = cycler(1, 2) %}{% set y = joiner() %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(f=0) %}{% for i in range(99999) %}{% for j in range(9) %}{% set old = ns.f %}{% macro m() %}{{ old }}{% endmacro %}{% set ns.f = m %}{% endfor %}{% endfor %}",
        "{{ strftime_now('%A' * 100000) }}", "{{ strftime_now('%1000000000d') }}",
        "{{ dict(" + times("a=1,", 50_000) + ") }}",
        "{{ 'a'|truncate(5, end='b' * 100) }}", "{{ 2.5|round(1000000000) }}",
        "{{ 'x'|int(base=1000000000000000000) + 'a' }}",
        "{{ range(-9223372036854775807, 9223372036854775807) }}",
        "{{ range(-9223372036854775807 - 1, 9223372036854775807, 2)|list }}",
        "{{ -9223372036854775807 - 1 - 1 }}", "{{ (-9223372036854775807 - 1) / 0 }}",
        "{{ (-9223372036854775807 - 1) // -1 }}", "{{ range(0, 9223372036854775807, 9223372036854775806)[:] }}",
        "{{ -(-9223372036854775807 - 1) }}", "{{ (-9223372036854775807 - 1)|abs }}",
        "{{ 9223372036854775807 * 9223372036854775807 }}", "{{ 10 ** 400 }}", "{{ 10.0 ** 400 }}",
        "{{ 1e400|int + '' }}",
        "{{ [1, 2][9223372036854775807].x }}", "{{ 'abc'[9223372036854775807].x }}",
        "{{ [1][(-9223372036854775807 - 1)].x }}",
        "{{ 'a'.find('b', 9223372036854775807, -9223372036854775807 - 1).x.y }}",
        "{{ 'abc'.split('b', 9223372036854775807)[7].x }}", "{{ [1, 2, 3][::9223372036854775807][1].x }}",
        "{{ [1, 2, 3][::(-9223372036854775807 - 1)][1].x }}", "{{ 'a'.zfill(-9223372036854775807 - 1).x.y }}",
        "{{ range(5)[9223372036854775807:].x.y }}",
        "{{ 'a'.center(-9223372036854775807 - 1).x.y }}",
        "{{ 'abcdefghijk'|truncate(9223372036854775807, false, '', 9223372036854775807).x.y }}",
        "{{ 'a'|indent(-9223372036854775807 - 1).x }}",
    ]

    @Test(arguments: hostile.indices) func hostileTemplatesAreErrors(_ index: Int) {
        let source = Self.hostile[index]
        #expect(throws: JinjaError.self, "\(source.prefix(100))") { try outcome(source).get() }
    }

    @Test func aTemplateBeyondTheLongestIsRefused() {
        #expect(throws: JinjaError.tooLarge("is longer than 256 kB")) {
            try JinjaTemplate(String(repeating: "a", count: 300_000))
        }
        #expect(throws: Never.self) { try JinjaTemplate(String(repeating: "a", count: 200_000)) }
    }

    /// What is legal, and goes close to the bounds.
    @Test func deepButLegalTemplatesAreRendered() throws {
        let depth = 55
        let nested = "{{ " + Self.times("[", depth) + Self.times("]", depth) + " }}"
        #expect(try outcome(nested).get() == Self.times("[", depth) + Self.times("]", depth))
        let blocks = Self.times("{% if 1 %}", depth) + "x" + Self.times("{% endif %}", depth)
        #expect(try outcome(blocks).get() == "x")
        let macro = "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}{{ n }}{% endmacro %}{{ m(20) }}"
        #expect(try outcome(macro).get() == (0...20).map(String.init).joined())
        let json =
            "{% set ns = namespace(a=[]) %}{% for i in range(60) %}{% set ns.a = [ns.a] %}{% endfor %}{{ ns.a|tojson }}"
        #expect(try outcome(json).get() == Self.times("[", 61) + Self.times("]", 61))
    }

    /// Mutated from small templates: whatever comes of them, it comes to an end and frees what it holds.
    @Test func mutatedTemplatesNeverEndTheProcess() throws {
        let (fixture, context) = try JinjaFixture.load()
        let sources = fixture.cases.map { Array($0.source.utf8) }
        var generator = SeededGenerator(state: 20_261_127)
        let pieces = [
            "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "(", ")", "[", "]", "{", "}", "|", ".", "~", "**", "//",
            " if ", " else ", " not ", " in ", " is ",
            "'", "\\", "9223372036854775807", "0", "-1", "1e308", "loop", "ns", "range(", "\n", "\r\n", "\u{301}",
            "for x in ", "endfor", "macro m(", "set ",
        ].map { Array($0.utf8) }
        var rendered = 0
        for _ in 0..<4000 {
            var bytes = sources[Int.random(in: 0..<sources.count, using: &generator)]
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0...bytes.count, using: &generator)
                let end = min(bytes.count, place + Int.random(in: 0...6, using: &generator))
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes.removeSubrange(place..<end)
                case 1: bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &generator)], at: place)
                case 2:
                    let other = sources[Int.random(in: 0..<sources.count, using: &generator)]
                    bytes.replaceSubrange(
                        place..<end, with: other.suffix(Int.random(in: 0...other.count, using: &generator)))
                default: bytes.insert(contentsOf: bytes[place..<end], at: place)
                }
            }
            let source = String(decoding: bytes, as: UTF8.self)
            if case .success = outcome(source, context) { rendered += 1 }
        }
        // Neither all nor none: the mutations reach beyond the parser.
        #expect((500...3500).contains(rendered), "\(rendered)")
    }
}
