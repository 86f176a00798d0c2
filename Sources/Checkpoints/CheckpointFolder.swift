public import Foundation

/// A checkpoint folder, opened: every configuration read and checked, weight headers read, no weights loaded.
public struct CheckpointFolder: Sendable {
    public let description: ModelDescription
    /// The tensors by name: a `SafetensorsArchive`, which can be mapped, or PyTorch weights, which are only read.
    public let weights: any WeightSource
    /// The vision tower's own weights, where they come from a folder of their own.
    public let towerWeights: (any WeightSource)?

    /// A checkpoint whose weights come from elsewhere than its folder.
    public init(description: ModelDescription, weights: any WeightSource, towerWeights: (any WeightSource)?) {
        self.description = description
        self.weights = weights
        self.towerWeights = towerWeights
    }

    public var url: URL { description.url }
    public var config: VisionLanguageConfig { description.config }
    public var preprocessor: PreprocessorConfig { description.preprocessor }
    public var generation: GenerationConfig { description.generation }
    public var chatTemplate: ChatTemplateSource? { description.chatTemplate }
    public var missingFiles: [String] { description.missingFiles }
    public var notes: [String] { description.notes }

    /// Opens a folder.
    /// - Parameter visionTower: A CLIP folder, for the original LLaVA layout, which does not describe its tower and
    ///   often does not hold it. Its configuration is used; its weights only if the checkpoint has no tower inside.
    /// - Throws: `CheckpointError` with the remedy: no such folder, a file in its place, no `config.json`, no
    ///   weights, and whatever is wrong inside those files.
    public static func open(_ url: URL, visionTower: URL? = nil) throws -> CheckpointFolder {
        let files = try FolderListing(url)
        var config = try files.config()
        let weights = try files.weights()
        var notes: [String] = []
        let tower = try OriginalTower(config, weights: weights, folder: visionTower)
        if let tower {
            try config.replaceVision(tower.config)
            notes += tower.notes
        }
        let preprocessor = try files.preprocessor(config, tower: tower?.folder, notes: &notes)
        return CheckpointFolder(
            description: try ModelDescription(files, config: config, preprocessor: preprocessor, notes: notes),
            weights: weights, towerWeights: tower?.weights)
    }

    /// Maps the weights into memory.
    /// - Throws: `CheckpointError` (`unsupported`) for PyTorch weights and for the original layout, which must be
    ///   imported first.
    public func mappedWeights() throws -> MappedWeights {
        guard let archive = weights as? SafetensorsArchive else {
            throw Self.importNeeded(weights.files.first ?? url.path, "PyTorch weights")
        }
        guard config.layout == .huggingFace else {
            throw Self.importNeeded(url.path, "a checkpoint in the original LLaVA layout")
        }
        return try MappedWeights(archive)
    }

    private static func importNeeded(_ file: String, _ what: String) -> CheckpointError {
        CheckpointError(
            .unsupported, file: file, problem: "\(what) cannot be run as it is",
            remedy: "import the checkpoint first (hired import CHECKPOINT DEST)")
    }
}
