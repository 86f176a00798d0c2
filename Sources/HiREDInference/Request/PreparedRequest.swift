import Crypto
import HiRED
import ImageProcessing
import VisionEncoding

/// What preparation leaves for the engine: token ids, and pictures as views or as embeddings that are known already.
struct PreparedRequest: Sendable {
    var request: GenerationRequest
    let channel: RequestChannel
    var purpose = Purpose.answer
    /// One image token for each picture.
    var ids: [Int32]
    var images: [Image]
    var count: PromptCount
    var budgetChoice: BudgetChoice?
    var timings: ImageTimings

    enum Purpose: Sendable {
        case answer
        /// The pictures' selections alone; the views are handed back with them.
        case selection(@Sendable (PictureSelection) -> Void)
    }

    struct Image: Sendable {
        /// Of the picture itself.
        var digest: SHA256.Digest
        /// Of what the picture becomes under its options.
        var key: SHA256.Digest
        var options: SelectionOptions
        var layout: PartitionLayout
        /// Nil where `result` is known.
        var views: KnownImages.Views?
        var result: ImagePipeline.Result?
    }
}

/// Which tokens of a picture are kept, and the views they are of.
public struct PictureSelection: Sendable {
    public var tokens: ImageTokens
    public var partitions: ImagePartitions
    public var timings: ImageTimings
}
