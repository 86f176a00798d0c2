/// One turn of a conversation.
public struct ChatMessage: Sendable, Equatable {
    public enum Role: String, Sendable, CaseIterable { case system, user, assistant }

    public enum Part: Sendable, Equatable {
        case text(String)
        /// The place of a picture.
        case image
    }

    public var role: Role
    public var parts: [Part]

    public init(_ role: Role, _ parts: [Part]) {
        self.role = role
        self.parts = parts
    }

    /// The text alone.
    var text: String {
        parts.reduce(into: "") { if case .text(let text) = $1 { $0 += text } }
    }

    /// Pictures first, each on a line of its own, then the text: as LLaVA's own demo writes a question.
    var textWithPlaces: String {
        let places = parts.filter { $0 == .image }.count
        return String(repeating: ChatTemplate.imagePlace + "\n", count: places) + text
    }
}
