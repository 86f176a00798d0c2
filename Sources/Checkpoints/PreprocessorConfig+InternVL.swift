import OrderedJSON

extension PreprocessorConfig {
    /// Reads InternVL's `preprocessor_config.json`; absent keys take the defaults of `GotOcr2ImageProcessor` in
    /// Transformers 4.57.6, which are not the ones that published folders have.
    init(gotOCR2 object: ConfigObject, isFast: Bool) throws {
        self.init(kind: .gotOCR2, side: 384)
        self.isFast = isFast
        func flag(_ key: String, _ fallback: Bool) throws -> Bool {
            // Files that the torchvision variant saved spell out what is not set.
            object.has(key) ? try object.flag(key, default: fallback) : fallback
        }
        (centerCrops, pads) = (false, false)
        resizes = try flag("do_resize", resizes)
        switch try object.resizeTarget("size", default: .exact(height: 384, width: 384)) {
        case .exact(let height, let width): size = .exact(height: height, width: width)
        case .shortestEdge(let edge):
            // A bare number is a square here.
            if case .object = object["size"] { throw object.wrong("size", needed: "a number, or height and width") }
            size = .exact(height: edge, width: edge)
        }
        if object.has("resample") {
            let filter = try object.integer("resample", default: resampling.rawValue, in: 0...5)
            resampling = Resampling(rawValue: filter) ?? resampling
        }
        rescales = try flag("do_rescale", rescales)
        if object.has("rescale_factor") {
            rescaleFactor = try object.positive("rescale_factor", default: rescaleFactor)
        }
        normalizes = try flag("do_normalize", normalizes)
        mean = try object.channels("image_mean", default: mean, allowsZero: true)
        standardDeviation = try object.channels("image_std", default: standardDeviation, allowsZero: false)
        convertsToRGB = try flag("do_convert_rgb", convertsToRGB)
        let most = try object.integerOrNull("max_patches", default: 12, in: Self.mostTiles) ?? 12
        let fewest = try object.integerOrNull("min_patches", default: 1, in: 0...Self.mostTiles.upperBound) ?? 1
        guard fewest <= most else {
            throw object.wrong("min_patches", needed: "no more than max_patches, which is \(most)")
        }
        tiles = fewest...most
    }

    /// Five times what any published model was trained with.
    private static let mostTiles = 1...64
}
