import Foundation

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
            throw CheckpointError(
                .unsupported, file: url.path, problem: "is a file",
                remedy: "give the folder that holds config.json and the weights")
        }
        self.url = url
    }

    func has(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: url.appendingPathComponent(name).path)
    }

    func config() throws -> VisionLanguageConfig {
        guard has(VisionLanguageConfig.fileName) else {
            throw CheckpointError(
                .missing, file: url.path, problem: "the folder has no config.json",
                remedy: "give a checkpoint folder as downloaded, with config.json beside the weights")
        }
        return try VisionLanguageConfig(folder: url)
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
            preprocessor = PreprocessorConfig(defaultsFor: config)
            file = VisionLanguageConfig.fileName
            notes.append(
                "\(Self.preprocessorName) is missing: CLIP's preprocessing at \(config.vision.imageSize) pixels is assumed"
            )
        }
        try check(preprocessor, against: config, file: file)
        return preprocessor
    }

    private func preprocessorObject() throws -> ConfigObject? {
        if has(Self.preprocessorName) {
            let outer = try ConfigObject(
                contentsOf: url.appendingPathComponent(Self.preprocessorName), name: Self.preprocessorName)
            return try outer.object("image_processor") ?? outer
        }
        // Newer Transformers writes the image processor into processor_config.json.
        guard has(Self.processorName) else { return nil }
        return try ConfigObject(
            contentsOf: url.appendingPathComponent(Self.processorName), name: Self.processorName
        ).object("image_processor")
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
        guard has(GenerationConfig.fileName) else {
            notes.append("\(GenerationConfig.fileName) is missing: end tokens are taken from config.json")
            return GenerationConfig(defaultsFor: config)
        }
        return try GenerationConfig(folder: url, model: config)
    }

    func weights() throws -> any WeightSource {
        if has(SafetensorsArchive.singleFileName) || has(SafetensorsArchive.indexFileName) {
            return try SafetensorsArchive(folder: url)
        }
        if has(PyTorchArchive.singleFileName) || has(PyTorchArchive.indexFileName) {
            return try PyTorchArchive(folder: url)
        }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
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

    func missingOptionalFiles() -> [String] {
        [
            Self.preprocessorName, GenerationConfig.fileName, "tokenizer.json", "tokenizer_config.json",
            "tokenizer.model",
        ].filter { !has($0) }
    }
}
