/// Bounds that hold while a JSON text is read, so that no text can take more memory or stack than it is worth.
public struct JSONLimits: Sendable, Hashable {
    /// Of the text.
    public var bytes: Int
    /// Of lists and objects inside each other.
    public var depth: Int
    /// Numbers, texts, lists and all other values together.
    public var values: Int

    public init(bytes: Int = 64 << 20, depth: Int = 64, values: Int = 1 << 20) {
        self.bytes = bytes
        self.depth = depth
        self.values = values
    }

    /// For the small files of a checkpoint: none nests deeper than a handful of levels.
    public static let standard = JSONLimits()
}
