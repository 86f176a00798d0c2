public import Foundation

/// A checkpoint folder, opened: every configuration read and checked, weight headers read, no weights loaded.
public struct CheckpointFolder: Sendable {
    public let url: URL
    public let config: VisionLanguageConfig
    public let preprocessor: PreprocessorConfig
    public let generation: GenerationConfig
    public let chatTemplate: ChatTemplateSource?
    /// The tensors by name: a `SafetensorsArchive`, which can be mapped, or PyTorch weights, which are only read.
    public let weights: any WeightSource
    /// The vision tower's own weights, where they come from a folder of their own.
    public let towerWeights: (any WeightSource)?
    /// Optional files that the folder lacks.
    public let missingFiles: [String]
    /// What was assumed where the folder says nothing; each a sentence for the reader.
    public let notes: [String]

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
        let generation = try files.generation(config, notes: &notes)
        return CheckpointFolder(
            url: url, config: config, preprocessor: preprocessor, generation: generation,
            chatTemplate: try ChatTemplateSource.find(in: url), weights: weights, towerWeights: tower?.weights,
            missingFiles: files.missingOptionalFiles(), notes: notes)
    }

    /// Maps the weights into memory.
    /// - Throws: `CheckpointError` (`unsupported`) for PyTorch weights, which must be imported first.
    public func mappedWeights() throws -> MappedWeights {
        guard let archive = weights as? SafetensorsArchive else {
            throw Self.importNeeded(weights.files.first ?? url.path)
        }
        return try MappedWeights(archive)
    }

    private static func importNeeded(_ file: String) -> CheckpointError {
        CheckpointError(
            .unsupported, file: file, problem: "PyTorch weights cannot be run as they are",
            remedy: "import the checkpoint first (hired import CHECKPOINT DEST)")
    }
}
