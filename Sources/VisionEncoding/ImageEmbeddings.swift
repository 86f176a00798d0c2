package import Crypto

/// A picture's rows for the language model. Shared by all prompts that show it.
package final class ImageEmbeddings: Sendable {
    /// [count, D]
    package let values: [Float]
    package let count: Int
    /// Digest of what produced the rows: the picture, how it was prepared, and how its tokens were chosen.
    package let key: SHA256.Digest
    /// Positions of the rows within the picture's full sequence, ascending; nil for rows that follow one another.
    package let positions: [Int]?
    /// Positions that the picture takes up.
    package let span: Int

    /// - Parameter span: of the full sequence where `positions` are given.
    package init(values: [Float], count: Int, key: SHA256.Digest, positions: [Int]? = nil, span: Int? = nil) {
        self.values = values
        self.count = count
        self.key = key
        self.positions = positions
        self.span = span ?? count
    }

    package var byteCount: Int { 4 * values.count }
}
