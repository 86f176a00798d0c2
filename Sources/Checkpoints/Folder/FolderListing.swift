import Foundation
import OrderedJSON

/// The files of a checkpoint folder by name.
struct FolderListing: Sendable {
    let url: URL

    static let preprocessorName = "preprocessor_config.json"
    static let processorName = "processor_config.json"

    init(_ url: URL) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw CheckpointError(
                .missing, file: url.path, problem: "there is no such folder", remedy: "give a checkpoint folder")
        }
        guard isFolder.boolValue else {
            if let refusal = try FileKind(contentsOf: url).refusal(url.path) { throw refusal }
            let isPacked = try FileKind(contentsOf: url) == .zip && url.pathExtension.lowercased() == "zip"
            throw CheckpointError(
                .unsupported, file: url.path, problem: isPacked ? "is a packed folder" : "is a file",
                remedy: isPacked
                    ? "unpack it and give the folder that holds config.json and the weights"
                    : "give the folder that holds config.json and the weights")
        }
        self.url = url
    }

    func has(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: url.appendingPathComponent(name).path)
    }

    /// The outermost object of `config.json`.
    func configObject() throws -> ConfigObject {
        guard has(VisionLanguageConfig.fileName) else {
            let kind = FolderKind(url)
            if let refusal = kind.otherThanCheckpoint() ?? kind.checkpointsInside() { throw refusal }
            throw CheckpointError(
                .missing, file: url.path, problem: "the folder has no config.json",
                remedy: "give a checkpoint folder as downloaded, with config.json beside the weights")
        }
        return try ConfigObject(
            contentsOf: url.appendingPathComponent(VisionLanguageConfig.fileName), name: VisionLanguageConfig.fileName)
    }

    func config() throws -> VisionLanguageConfig { try VisionLanguageConfig(configObject()) }

    /// Looks at the first bytes of the small files that others read: a page or a pointer in their place is named for what
    /// it is.
    func checkSmallFiles() throws {
        for name in [
            "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json",
            "added_tokens.json",
            "chat_template.json", "chat_template.jinja",
        ] where has(name) {
            let kind = try FileKind(contentsOf: url.appendingPathComponent(name))
            // A template may be empty or begin with markup.
            if name.hasSuffix(".jinja"), kind != .lfsPointer { continue }
            if let refusal = kind.refusal(name) { throw refusal }
        }
    }

    /// Reads the preprocessor's file, or assumes what the model's family does.
    /// - Parameter tower: The original layout's vision tower, whose folder describes CLIP's part of the work.
    func preprocessor(
        _ config: VisionLanguageConfig, tower: FolderListing?, notes: inout [String]
    ) throws -> PreprocessorConfig {
        var preprocessor: PreprocessorConfig
        var file = Self.preprocessorName
        if let object = try preprocessorObject() {
            preprocessor = try PreprocessorConfig(object, family: config.family)
            file = object.file
        } else if let object = try tower?.preprocessorObject() {
            preprocessor = try PreprocessorConfig(object, family: config.family)
            preprocessor.adopt(config)
        } else {
            guard config.family != .internVL else {
                throw CheckpointError(
                    .missing, file: Self.preprocessorName,
                    problem: "the file does not exist, and nothing else says how pictures are cut",
                    remedy: "download it")
            }
            preprocessor = PreprocessorConfig(defaultsFor: config)
            file = VisionLanguageConfig.fileName
            notes.append(
                "\(Self.preprocessorName) is missing: CLIP's preprocessing at \(config.vision.imageSize) pixels is assumed"
            )
        }
        try check(preprocessor, against: config, file: file)
        try checkProcessor(against: config)
        return preprocessor
    }

    /// Transformers counts a picture's tokens by what the processor says: where that is not the model's, every picture
    /// fails.
    private func checkProcessor(against config: VisionLanguageConfig) throws {
        guard config.layout == .huggingFace, let object = try processorObject() else { return }
        try SettingsTable.processor.check(object)
        let (size, strategy, count) = ("patch_size", "vision_feature_select_strategy", "image_seq_length")
        if config.family == .internVL, object.has(count),
            object[count]?.isSameSetting(as: .integer(config.tokensPerView)) != true
        {
            throw object.wrong(count, needed: "\(config.tokensPerView), as config.json has it")
        }
        if object.has(size), object[size]?.isSameSetting(as: .integer(config.vision.patchSize)) != true {
            throw object.wrong(size, needed: "\(config.vision.patchSize), as in config.json")
        }
        if object.has(strategy), object[strategy] != .string(config.featureSelection.rawValue) {
            throw object.wrong(strategy, needed: "\(config.featureSelection.rawValue), as in config.json")
        }
    }

    private func processorObject() throws -> ConfigObject? {
        guard has(Self.processorName) else { return nil }
        return try ConfigObject(
            contentsOf: url.appendingPathComponent(Self.processorName), name: Self.processorName)
    }

    private func preprocessorObject() throws -> ConfigObject? {
        if has(Self.preprocessorName) {
            let outer = try ConfigObject(
                contentsOf: url.appendingPathComponent(Self.preprocessorName), name: Self.preprocessorName)
            return try outer.object("image_processor") ?? outer
        }
        // Newer Transformers writes the image processor into processor_config.json.
        return try processorObject()?.object("image_processor")
    }

    /// Sizes in two files must agree, or the vision tower gets pictures that it does not take.
    private func check(_ preprocessor: PreprocessorConfig, against config: VisionLanguageConfig, file: String) throws {
        let side = config.vision.imageSize
        func disagrees(_ problem: String) -> CheckpointError {
            CheckpointError(
                .malformed, file: file,
                problem: "\(problem), but the vision tower of config.json takes \(side)×\(side)",
                remedy: "put the files of one checkpoint together")
        }
        let height: Int
        let width: Int
        switch (preprocessor.centerCrops, preprocessor.size) {
        case (true, _): (height, width) = (preprocessor.cropHeight, preprocessor.cropWidth)
        case (false, .exact(let h, let w)): (height, width) = (h, w)
        case (false, .shortestEdge(let edge)): (height, width) = (edge, edge)
        }
        guard height == side, width == side else { throw disagrees("pictures become \(height)×\(width)") }
        for pinpoint in preprocessor.pinpoints + config.pinpoints
        where !pinpoint.height.isMultiple(of: side) || !pinpoint.width.isMultiple(of: side) {
            throw disagrees("the canvas size \(pinpoint.height)×\(pinpoint.width) is not made of whole tiles")
        }
    }

    func generation(_ config: VisionLanguageConfig, notes: inout [String]) throws -> GenerationConfig {
        let name = GenerationConfig.fileName
        let file = has(name) ? try ConfigObject(contentsOf: url.appendingPathComponent(name), name: name) : nil
        if file == nil { notes.append("\(name) is missing: end tokens are taken from config.json") }
        let generation = try GenerationConfig(file: file, config: configObject(), model: config)
        try generation.check(vocabularySize: config.text.vocabularySize)
        return generation
    }

    /// - Throws: `CheckpointError`, naming adapters, quantised weights and other programs' files for what they are.
    func weights() throws -> any WeightSource {
        if let refusal = FolderKind(url).adapter() { throw refusal }
        let weights = try openWeights()
        try QuantisedTensors.refuse(in: weights)
        return weights
    }

    private func openWeights() throws -> any WeightSource {
        if has(SafetensorsArchive.singleFileName) || has(SafetensorsArchive.indexFileName) {
            return try SafetensorsArchive(folder: url)
        }
        if has(PyTorchArchive.singleFileName) || has(PyTorchArchive.indexFileName) {
            return try PyTorchArchive(folder: url)
        }
        let kind = FolderKind(url)
        if let refusal = kind.otherThanCheckpoint() { throw refusal }
        let names = kind.names
        for (suffix, index) in [
            (".safetensors", SafetensorsArchive.indexFileName), (".bin", PyTorchArchive.indexFileName),
        ] {
            let stem = suffix == ".bin" ? "pytorch_model-" : "model-"
            guard let shard = names.first(where: { $0.hasPrefix(stem) && $0.hasSuffix(suffix) }) else { continue }
            throw CheckpointError(
                .missing, file: index, problem: "the folder has \(shard) but no index", remedy: "download \(index)")
        }
        throw CheckpointError(
            .missing, file: url.path, problem: "the folder has no weights",
            remedy: "download \(SafetensorsArchive.singleFileName), or its shards and their index")
    }

    /// The keys of the configuration files that are in no table: "FILE: KEY".
    func unknownKeys(_ config: VisionLanguageConfig) throws -> [String] {
        var found: [(table: SettingsTable, object: ConfigObject?)] = []
        let object = try configObject()
        var text = object
        switch config.layout {
        case .original: found.append((.original(config.text.family), object))
        case .huggingFace:
            found.append((.outermost(config.family), object))
            found.append((.vision(of: config.family), try object.object("vision_config")))
            text = try object.object("text_config") ?? ConfigObject([:], file: object.file)
            found.append((.text(config.text.family), text))
        }
        found.append((.rotary, try text.object("rope_scaling")))
        if let rope = try text.object("rope_parameters") {
            let isFlat = rope.values.values.contains { if case .object = $0 { false } else { true } }
            let parts = isFlat ? [rope] : try rope.values.keys.compactMap { try rope.object($0) }
            found += parts.map { (SettingsTable.rotary, $0) }
        }
        if let object = try preprocessorObject() {
            let (kind, isFast) = try PreprocessorConfig.kind(object, family: config.family)
            found.append((.preprocessor(kind, isFast: isFast), object))
        }
        if config.layout == .huggingFace { found.append((.processor, try processorObject())) }
        if has(GenerationConfig.fileName) {
            let name = GenerationConfig.fileName
            found.append((.generation, try ConfigObject(contentsOf: url.appendingPathComponent(name), name: name)))
        }
        return found.flatMap { table, object in
            object.map { object in table.unknownKeys(of: object).map { "\(object.file): \($0)" } } ?? []
        }
    }

    func missingOptionalFiles() -> [String] {
        [
            Self.preprocessorName, GenerationConfig.fileName, "tokenizer.json", "tokenizer_config.json",
            "tokenizer.model",
        ].filter { !has($0) }
    }
}
