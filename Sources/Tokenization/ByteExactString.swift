/// A text that equals another only if both are the same bytes.
///
/// Swift takes "é" and "e" with an accent behind it for one string. To a vocabulary they are two tokens.
struct ByteExactString: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
