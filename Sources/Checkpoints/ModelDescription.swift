public import Foundation

/// What a folder says about its model, weights aside: every configuration read and checked.
public struct ModelDescription: Sendable {
    public let url: URL
    public let config: VisionLanguageConfig
    public let preprocessor: PreprocessorConfig
    public let generation: GenerationConfig
    public let chatTemplate: ChatTemplateSource?
    /// Optional files that the folder lacks.
    public let missingFiles: [String]
    /// Keys of the configuration files that nothing here knows, and that are passed over: "config.json: text_config.key".
    public let unknownKeys: [String]
    /// What was assumed where the folder says nothing; each a sentence for the reader.
    public let notes: [String]

    /// Reads the configuration files of a folder in the Hugging Face layout.
    /// - Throws: `CheckpointError` with the remedy: no such folder, a file in its place, no `config.json`, and whatever
    ///   is wrong inside those files.
    public init(contentsOf url: URL) throws {
        let files = try FolderListing(url)
        let config = try files.config()
        var notes: [String] = []
        let preprocessor = try files.preprocessor(config, tower: nil, notes: &notes)
        try self.init(files, config: config, preprocessor: preprocessor, notes: notes)
    }

    init(_ files: FolderListing, config: VisionLanguageConfig, preprocessor: PreprocessorConfig, notes: [String]) throws
    {
        var notes = notes
        try files.checkSmallFiles()
        url = files.url
        self.config = config
        self.preprocessor = preprocessor
        generation = try files.generation(config, notes: &notes)
        chatTemplate = try ChatTemplateSource.find(in: files.url)
        missingFiles = files.missingOptionalFiles()
        unknownKeys = try files.unknownKeys(config)
        if !unknownKeys.isEmpty {
            notes.append("settings that are not known here are passed over: \(unknownKeys.joined(separator: ", "))")
        }
        notes += generation.refusals.map { "\($0.file): \($0.problem)" }
        self.notes = notes
    }
}
