public import HiRED

/// What became of one picture's tokens.
public struct ImageTokens: Sendable, Equatable {
    public var layout: PartitionLayout
    public var selection: TokenSelection
    /// What the CLS token attends to in the final layer, head-summed: for each partition its tokens, row by row, from 0 to
    /// 255 for the partition's largest. Empty where a view was not encoded or the strategy does not read it.
    public var attention: [[UInt8]]

    /// Image tokens without dropping, separators included, as Transformers counts them.
    public var full: Int { layout.fullTokenCount }
    /// Image tokens that reach the language model.
    public var kept: Int { selection.count }
    /// The budget; nil for none.
    public var budget: Int? { selection.allocation.budget }
    /// Tokens of each partition that reach the language model, the full view first.
    public var perPartition: [Int] {
        var counts = [Int](repeating: 0, count: layout.partitionCount)
        for slot in selection.slots {
            switch slot {
            case .classToken: counts[0] += 1
            case .token(let partition, _), .merged(let partition): counts[partition] += 1
            case .separator: break
            }
        }
        return counts
    }
}
