import Checkpoints
import ElementTypes
import Failures
import Foundation
import ModelGraphs

/// Where every byte of one graph's weights will lie, decided before any weight is read.
struct GraphPlan: Sendable {
    /// One tensor on its way from the checkpoint to the graph's weights.
    struct Item: Sendable {
        var source: any WeightSource
        var entry: TensorEntry
        var format: TensorFormat
        /// Place of the values in the file, in bytes.
        var offset: Int
        var byteCount: Int
        /// Place of the scales, f16 [rows, groups].
        var scaleOffset: Int?

        var columns: Int { entry.shape.last ?? 1 }
    }

    let part: GraphPart
    let graph: EmittedGraph
    let items: [Item]

    var byteCount: Int { graph.requiredBufferSize }
}

/// Decides formats and places of a checkpoint's graphs.
struct ImportPlanner {
    private let folder: CheckpointFolder
    private let weights: WeightFormat
    private let visionWeights: WeightFormat
    private let sources: [String: (source: any WeightSource, entry: TensorEntry)]
    private let graphs: CheckpointGraphs

    var layout: CheckpointLayout { graphs.layout }

    /// - Throws: `GraphError` for a checkpoint of unknown layout.
    init(_ folder: CheckpointFolder, weights: WeightFormat, visionWeights: WeightFormat) throws {
        self.folder = folder
        self.weights = weights
        self.visionWeights = visionWeights
        var sources: [String: (source: any WeightSource, entry: TensorEntry)] = [:]
        for source in [folder.towerWeights, folder.weights].compactMap({ $0 }) {
            for (name, entry) in source.tensors { sources[name] = (source, entry) }
        }
        self.sources = sources
        let table = WeightTable(try sources.values.compactMap { try WeightTensor($0.entry) })
        graphs = try CheckpointGraphs(folder.config, preprocessor: folder.preprocessor, table: table)
        guard graphs.layout.visionPrefix != CheckpointLayout.separateVisionPrefix || folder.towerWeights != nil else {
            throw CheckpointError(
                .missing, file: folder.url.path,
                problem: "the checkpoint does not hold its vision tower \(folder.config.visionTowerName ?? "")",
                advice: .give(.visionTower, "that CLIP folder, downloaded beside it"))
        }
    }

    /// - Throws: `GraphError` for tensors that are missing or do not fit the configuration.
    func plan(_ part: GraphPart) throws -> GraphPlan {
        let items = place(try uses(of: part).map { try item($0, part: part) })
        let table = WeightTable(try items.flatMap { try $0.weightTensors() })
        let planned = CheckpointGraphs(
            folder.config, preprocessor: folder.preprocessor, table: table, layout: graphs.layout)
        let end = align(table.endOffset)
        return GraphPlan(part: part, graph: try planned.emit(part, constantsOffset: end), items: items)
    }

    private func uses(of part: GraphPart) throws -> [WeightUse] {
        var uses = try graphs.emit(part, constantsOffset: 0).weights
        if part == .vision {
            // The layers that only other strategies read go along, so that a graph with their taps can be emitted over
            // the same weights.
            let last = folder.config.vision.layerCount - 1
            let more = try graphs.vision(taps: [.features(layer: last)], constantsOffset: 0)
            let known = Set(uses)
            uses += more.weights.filter { !known.contains($0) }
        }
        return uses
    }

    private func item(_ use: WeightUse, part: GraphPart) throws -> GraphPlan.Item {
        let name = use.tensor.name
        guard let (source, entry) = sources[name] else { throw GraphError.missingTensor(name: name) }
        return GraphPlan.Item(
            source: source, entry: entry, format: format(use, part: part, entry: entry), offset: 0, byteCount: 0,
            scaleOffset: nil)
    }

    private func format(_ use: WeightUse, part: GraphPart, entry: TensorEntry) -> TensorFormat {
        guard use.isMatrix, let columns = entry.shape.last else { return .copy }
        let isTable = entry.name == graphs.layout.tokenTable || entry.name == graphs.layout.head
        let format =
            switch part {
            case .vision, .projector: visionWeights
            case .languageModel, .textEmbeddings: isTable && weights == .int4 ? .int8 : weights
            }
        return TensorFormat(matrix: format, columns: columns, isFloat32: entry.elementType == .f32)
    }

    private func place(_ items: [GraphPlan.Item]) -> [GraphPlan.Item] {
        var next = 0
        return items.map { item in
            var item = item
            let elements = item.entry.elementCount
            item.offset = align(next)
            item.byteCount =
                switch item.format {
                case .copy: item.entry.byteCount
                case .half: 2 * elements
                case .int8: elements
                case .int4: elements / 2
                }
            next = item.offset + item.byteCount
            let groups = item.format.groupCount(columns: item.columns)
            if groups > 0 {
                item.scaleOffset = align(next)
                next = align(next) + 2 * groups * (elements / max(item.columns, 1))
            }
            return item
        }
    }

    /// Constants start at multiples of a cache line.
    private func align(_ offset: Int) -> Int { (offset + 63) & ~63 }
}

extension GraphPlan.Item {
    /// The tensor as the graph sees it, with its scale.
    fileprivate func weightTensors() throws -> [WeightTensor] {
        let type: ElementType =
            switch format {
            case .copy: entry.elementType
            case .half: .f16
            case .int8: .i8
            case .int4: .i4
            }
        var tensors = [
            try WeightTensor(
                name: entry.name, elementType: type, shape: GraphShape(entry.shape), byteOffset: offset,
                byteCount: byteCount)
        ]
        if let scaleOffset {
            let shape = [entry.elementCount / columns, format.groupCount(columns: columns)]
            tensors.append(
                try WeightTensor(
                    name: entry.name + MatrixWeight.scaleSuffix, elementType: .f16, shape: GraphShape(shape),
                    byteOffset: scaleOffset, byteCount: 2 * shape[0] * shape[1]))
        }
        return tensors
    }
}
