/// A text that equals another only if both are the same bytes.
///
/// Swift takes "é" and "e" with an accent behind it for one string. To a vocabulary they are two tokens.
public struct ByteExactString: Hashable, Sendable {
    public let text: String

    public init(_ text: String) { self.text = text }

    public static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
