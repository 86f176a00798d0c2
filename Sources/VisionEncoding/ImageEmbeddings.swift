package import Crypto

/// A picture's rows for the language model. Shared by all prompts that show it.
package final class ImageEmbeddings: Sendable {
    /// [count, D]
    package let values: [Float]
    package let count: Int
    /// Digest of what produced the rows: the picture, how it was prepared, and how its tokens were chosen.
    package let key: SHA256.Digest

    package init(values: [Float], count: Int, key: SHA256.Digest) {
        self.values = values
        self.count = count
        self.key = key
    }

    package var byteCount: Int { 4 * values.count }
}
