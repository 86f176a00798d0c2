import Checkpoints
package import HiRED
package import ModelGraphs
import OpenVINO

/// Runs the vision tower on views of pictures, compiled for the taps that they ask for.
///
/// A view goes to a compiled tower that gives all its taps, and to the one with the fewest if there are several. Only for
/// taps that no tower gives, another one is compiled, once for all such views of a batch, and takes the place of the one
/// that was used the longest ago: no more than ``maximumTowers`` stand in memory, each with weights of its own, and only
/// one where two do not fit the bytes they may take.
package final class VisionEncoder {
    /// One encoded view: features [N, C] (of a model that takes the CLS token, [N + 1, C]) and the taps a strategy reads.
    package struct EncodedView {
        package var features: [Float]
        package var taps: ViewTaps
    }

    /// One view to encode.
    package struct View {
        package var taps: Set<VisionTap>
        /// Writes size²·3 bytes of interleaved RGB.
        package var fill: (UnsafeMutableBufferPointer<UInt8>) -> Void

        package init(taps: Set<VisionTap>, fill: @escaping (UnsafeMutableBufferPointer<UInt8>) -> Void) {
            self.taps = taps
            self.fill = fill
        }
    }

    /// Most views encoded at once. A view's products have hundreds of rows already, so batches gain little, while every
    /// view takes some 20 MB of activations and every batch size is a shape of its own to the runtime.
    package static let maximumBatch = 4

    /// Most sets of taps that are kept compiled.
    package static let maximumTowers = 2

    /// C, or more where features of several layers are joined.
    package let width: Int
    private let compiler: GraphCompiler
    private let projector: Projector
    private let byteLimit: Int
    /// The most recently used first.
    private var towers: [VisionTower]
    /// Towers compiled so far.
    package private(set) var compilationCount = 1

    /// Compiles the tower with HiRED's taps.
    ///
    /// - Parameter byteLimit: bytes that several towers may take together; one alone may take what it takes.
    /// - Throws: `GraphError`, `CheckpointError`, `OpenVINOError`.
    package init(_ compiler: GraphCompiler, projector: Projector, byteLimit: Int = .max) throws {
        self.byteLimit = byteLimit
        self.compiler = compiler
        self.projector = projector
        width = compiler.config.featureWidth
        towers = [try VisionTower(Set(compiler.config.classAttentionTaps), compiler)]
    }

    /// The compiled tower's properties, by the runtime's names.
    package var properties: [String: String] { towers.first?.properties ?? [:] }

    /// Bytes of the kept towers' weights, as the runtime keeps them. The first tower's are among those of the model's
    /// stored weights.
    package var byteCount: Int { towers.reduce(0) { $0 + $1.byteCount } }

    private func outputs(of taps: Set<VisionTap>) throws -> Set<LayerTap> {
        var outputs: Set<LayerTap> = []
        for tap in taps { if case .output(let output) = try tap.source(in: compiler.config) { outputs.insert(output) } }
        return outputs
    }

    /// Milliseconds that the bare graph takes for views.
    package func time(_ views: [View]) throws -> Double {
        let tower = try tower(for: try outputs(of: views.reduce(into: []) { $0.formUnion($1.taps) }))
        try tower.load(views)
        let start = ContinuousClock.now
        try tower.run()
        return (ContinuousClock.now - start) / .milliseconds(1)
    }

    /// Encodes views, those of one tower together.
    ///
    /// - Throws: `GraphError`, `CheckpointError`, `OpenVINOError`.
    package func encode(_ views: [View]) throws -> [EncodedView] {
        var encoded = [EncodedView?](repeating: nil, count: views.count)
        for (places, outputs) in try groups(views) {
            let tower = try tower(for: outputs)
            for (place, view) in zip(places, try encode(places.map { views[$0] }, tower)) { encoded[place] = view }
        }
        return encoded.compactMap { $0 }
    }

    /// Which views run together, and on which outputs; those that need a tower compiled come last.
    private func groups(_ views: [View]) throws -> [(places: [Int], outputs: Set<LayerTap>)] {
        let needs = try views.map { try outputs(of: $0.taps) }
        var groups: [(places: [Int], outputs: Set<LayerTap>)] = []
        var left: [Int] = []
        for (place, need) in needs.enumerated() {
            guard let tower = compiledTower(for: need) else {
                left.append(place)
                continue
            }
            if let group = groups.firstIndex(where: { $0.outputs == tower.taps }) {
                groups[group].places.append(place)
            } else {
                groups.append(([place], tower.taps))
            }
        }
        if !left.isEmpty { groups.append((left, left.reduce(into: []) { $0.formUnion(needs[$1]) })) }
        return groups
    }

    private func compiledTower(for outputs: Set<LayerTap>) -> VisionTower? {
        towers.filter { outputs.isSubset(of: $0.taps) }.min { $0.taps.count < $1.taps.count }
    }

    /// A tower that gives outputs: a compiled one, or a new one in place of the one used the longest ago.
    private func tower(for outputs: Set<LayerTap>) throws -> VisionTower {
        if let known = compiledTower(for: outputs) {
            towers.removeAll { $0 === known }
            towers.insert(known, at: 0)
            return known
        }
        // Let go before the new one takes memory.
        let needed = try compiler.visionByteCount(taps: LayerTap.ordered(outputs))
        while towers.count >= Self.maximumTowers || (!towers.isEmpty && byteCount > byteLimit - needed) {
            towers.removeLast()
        }
        let tower = try VisionTower(outputs, compiler)
        compilationCount += 1
        towers.insert(tower, at: 0)
        return tower
    }

    private func encode(_ views: [View], _ tower: VisionTower) throws -> [EncodedView] {
        try tower.load(views)
        try tower.run()
        let features = try tower.rows(of: PortName.features, count: views.count)
        var values: [[VisionTap: [Float]]] = views.map { _ in [:] }
        for tap in views.reduce(into: Set<VisionTap>(), { $0.formUnion($1.taps) }) {
            let places = views.indices.filter { views[$0].taps.contains(tap) }
            switch try tap.source(in: compiler.config) {
            case .features: for place in places { values[place][tap] = features[place] }
            case .projector: for place in places { values[place][tap] = try projector.project(features[place]) }
            case .output(let output):
                let rows = try tower.rows(of: output.outputName, count: views.count)
                for place in places { values[place][tap] = rows[place] }
            }
        }
        return zip(features, values).map { EncodedView(features: $0, taps: ViewTaps($1)) }
    }
}
