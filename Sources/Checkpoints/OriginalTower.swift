import Foundation

/// The vision tower of a checkpoint in the original LLaVA layout, whose `config.json` only names it.
///
/// In haotian-liu/LLaVA v1.2.2 (`clip_encoder.py`, `llava_arch.py`) the tower's folder gives its configuration, and
/// weights inside the checkpoint, where there are any, replace the folder's.
struct OriginalTower: Sendable {
    static let prefix = "model.vision_tower.vision_tower.vision_model."

    var config: VisionModelConfig
    var folder: FolderListing?
    /// The folder's weights; `nil` when the checkpoint holds its own or no folder is given.
    var weights: (any WeightSource)?
    var notes: [String] = []

    /// - Returns: `nil` for a Hugging Face layout, which describes its tower itself.
    init?(_ model: VisionLanguageConfig, weights: any WeightSource, folder url: URL?) throws {
        guard model.layout == .original else {
            guard let url else { return nil }
            throw CheckpointError(
                .misuse, file: url.path, problem: "is given as a vision tower, but the checkpoint has its own",
                remedy: "leave the option out")
        }
        let isInside = weights.tensors.keys.contains { $0.hasPrefix(Self.prefix) }
        let name = model.visionTowerName.map(CheckpointError.quoted) ?? "the vision tower"
        if let url {
            let folder = try FolderListing(url)
            config = try VisionModelConfig(towerFolder: url)
            self.folder = folder
            self.weights = isInside ? nil : try folder.weights()
        } else if isInside {
            config = try Self.measured(weights)
            notes.append(
                "the vision tower is described by its tensors alone: CLIP's activation and 64-wide heads assumed")
        } else {
            config = model.vision
            notes.append("the checkpoint does not hold its vision tower \(name): give the tower's folder to use it")
        }
    }

    /// What the shapes of the tensors say; heads and activation, which they do not, are those of every CLIP model.
    private static func measured(_ weights: any WeightSource) throws -> VisionModelConfig {
        func entry(_ name: String, dimensions: Int) throws -> TensorEntry {
            let entry = try weights.tensor(prefix + name)
            guard entry.shape.count == dimensions, entry.shape.allSatisfy({ $0 > 0 }) else {
                throw CheckpointError.damaged(
                    entry.file, "tensor \(CheckpointError.quoted(entry.name)) has shape \(entry.shape)")
            }
            return entry
        }
        let patches = try entry("embeddings.patch_embedding.weight", dimensions: 4)
        let positions = try entry("embeddings.position_embedding.weight", dimensions: 2)
        let forward = try entry("encoder.layers.0.mlp.fc1.weight", dimensions: 2)
        let hidden = patches.shape[0]
        let grid = Int(Double(positions.shape[0] - 1).squareRoot().rounded())
        let layers = (0..<ConfigLimits.layers.upperBound).prefix {
            weights.tensors["\(prefix)encoder.layers.\($0).mlp.fc1.weight"] != nil
        }
        guard patches.shape[1] == 3, patches.shape[2] == patches.shape[3],
            positions.shape == [grid * grid + 1, hidden],
            grid > 0, hidden.isMultiple(of: 64), ConfigLimits.pixels.contains(patches.shape[2]),
            ConfigLimits.pixels.contains(grid * patches.shape[2]), ConfigLimits.width.contains(forward.shape[0])
        else {
            throw CheckpointError(
                .unsupported, file: patches.file,
                problem: "the tensors of the vision tower are not those of a CLIP model",
                remedy: "give the vision tower's folder, whose config.json describes it")
        }
        var config = VisionModelConfig.clipLarge336
        config.hiddenSize = hidden
        config.layerCount = layers.count
        config.headCount = hidden / 64
        config.intermediateSize = forward.shape[0]
        config.patchSize = patches.shape[2]
        config.imageSize = grid * patches.shape[2]
        return config
    }
}
