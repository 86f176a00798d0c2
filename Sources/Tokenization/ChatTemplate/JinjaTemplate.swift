import Foundation

/// Jinja as Transformers 4.57 sets it up for chat templates (`utils/chat_template_utils.py`): what is rendered at all is
/// rendered to the same bytes, the rest is refused by name. Written here because no Swift package for it can be had.
///
/// A template comes from outside: what it may do is bounded in steps, bytes and nesting, so that it needs no more than
/// 512 kB of stack.
public struct JinjaTemplate: Sendable {
    let nodes: [JinjaNode]

    /// Longer than any published template ten times over.
    static let longest = 256 << 10

    /// - Complexity: O(n).
    /// - Throws: `JinjaError` when the template cannot be read.
    public init(_ source: String) throws(JinjaError) {
        guard source.utf8.count <= Self.longest else {
            throw .tooLarge("is longer than \(Self.longest >> 10) kB")
        }
        nodes = try Self.typed {
            var parser = JinjaParser(try JinjaLexer.tokens(of: source))
            return try parser.template()
        }
    }

    /// - Parameter now: the time that `strftime_now` tells.
    /// - Throws: `JinjaError`, among them what the template itself raises.
    func render(_ variables: [String: JinjaValue], now: Date = Date()) throws(JinjaError) -> String {
        try Self.typed { try JinjaRenderer(now: now).render(nodes, variables) }
    }

    private static func typed<Result>(_ body: () throws -> Result) throws(JinjaError) -> Result {
        do { return try body() } catch let error as JinjaError {
            throw error
        } catch {
            throw .failed("\(error)")
        }
    }
}
