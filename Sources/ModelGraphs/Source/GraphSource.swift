package import Checkpoints
package import Foundation
package import OpenVINO

/// Where a model's graphs come from.
package protocol GraphSource {
    var description: ModelDescription { get }
    /// The manifest of an imported folder.
    var manifest: ModelManifest? { get }

    /// - Throws: `GraphError`, `CheckpointError`, `OpenVINOError`.
    func read(_ part: GraphPart, core: Core) throws -> Model

    /// The vision tower with just these taps.
    ///
    /// - Throws: `GraphError`, `CheckpointError`, `OpenVINOError`.
    func readVision(taps: [LayerTap], core: Core) throws -> Model

    /// The weights that the tower with these taps reads, as they are stored.
    func visionWeights(taps: [LayerTap]) throws -> [StoredWeight]

    /// The embedding that ends a row of tiles, [D]. Empty for models that have none.
    func imageNewline() throws -> [Float]

    /// Every weight of every graph, as it is stored.
    func storedWeights() throws -> [StoredWeight]

    /// Takes pages of mapped weights out of the process's memory; they come back when they are needed.
    var releasePages: @Sendable () -> Void { get }
}

extension GraphSource {
    /// Whether the folder holds a language model: an import may have left it out.
    package var hasLanguageModel: Bool { manifest?.graphs.contains { $0.part == .languageModel } ?? true }
}

/// Opens a folder of either kind.
///
/// - Throws: `CheckpointError`, `GraphError`.
package func openGraphSource(_ url: URL) throws -> any GraphSource {
    ModelManifest.exists(in: url) ? try ImportedSource(url) : try CheckpointSource(CheckpointFolder.open(url))
}
