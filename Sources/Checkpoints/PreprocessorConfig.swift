import OrderedJSON

/// How pictures become the vision tower's input, every value resolved.
///
/// Absent keys take the defaults of Transformers 4.57.6 (`image_processing_llava_next.py`, `image_processing_llava.py`,
/// `image_processing_clip.py` and their fast variants, which agree).
public struct PreprocessorConfig: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case llavaNext = "LlavaNextImageProcessor"
        case llava = "LlavaImageProcessor"
        case clip = "CLIPImageProcessor"
        /// InternVL's; the class is named after another model.
        case gotOCR2 = "GotOcr2ImageProcessor"

        /// Whether a family's processor can work with it.
        func fits(_ family: VisionLanguageConfig.Family) -> Bool { (self == .gotOCR2) == (family == .internVL) }

        /// What a family takes where a file does not name one.
        static func standard(of family: VisionLanguageConfig.Family) -> Kind {
            switch family {
            case .llavaNext: .llavaNext
            case .llava: .llava
            case .internVL: .gotOCR2
            }
        }
    }

    /// The size that a picture is resized to, in pixels.
    public enum ResizeTarget: Sendable, Hashable {
        /// The shorter side gets this length, the other follows.
        case shortestEdge(Int)
        case exact(height: Int, width: Int)
    }

    /// Pillow's filters, by Pillow's numbers.
    public enum Resampling: Int, Sendable, Hashable {
        case nearest = 0
        case lanczos, bilinear, bicubic, box, hamming
    }

    public var kind: Kind
    /// Whether the checkpoint was saved with the torchvision variant, whose resized pixels differ slightly.
    public var isFast: Bool
    public var resizes: Bool
    public var size: ResizeTarget
    public var resampling: Resampling
    public var centerCrops: Bool
    public var cropHeight: Int
    public var cropWidth: Int
    public var rescales: Bool
    public var rescaleFactor: Double
    public var normalizes: Bool
    /// Red, green, blue, after rescaling.
    public var mean: [Double]
    public var standardDeviation: [Double]
    /// For `llava`: to a square in the mean colour, before resizing. For `llavaNext`: the batch, after tiling.
    public var pads: Bool
    public var convertsToRGB: Bool
    /// Canvas sizes in the file's order; empty unless `kind` is `llavaNext`.
    public var pinpoints: [Pinpoint]
    /// For `gotOCR2`: how many tiles a picture is cut into, the full view aside.
    public var tiles = 1...12

    /// The mean and deviation of CLIP's training pictures (Transformers' `OPENAI_CLIP_MEAN`, `OPENAI_CLIP_STD`).
    public static let clipMean = [0.48145466, 0.4578275, 0.40821073]
    public static let clipStandardDeviation = [0.26862954, 0.26130258, 0.27577711]
}

extension PreprocessorConfig {
    /// What a checkpoint without a preprocessor file gets: its processor's defaults at the vision tower's own size.
    ///
    /// The original layout describes the rest in `config.json` (`image_aspect_ratio`, `image_grid_pinpoints`).
    public init(defaultsFor model: VisionLanguageConfig) {
        let side = model.vision.imageSize
        self.init(kind: model.family == .llavaNext ? .llavaNext : .llava, side: side)
        adopt(model)
    }

    /// Takes over what `config.json` says about fitting pictures to the vision tower.
    mutating func adopt(_ model: VisionLanguageConfig) {
        kind = model.family == .llavaNext ? .llavaNext : .llava
        pinpoints = model.pinpoints
        pads = model.aspectRatio.map { $0 != .square } ?? (model.family == .llavaNext)
    }

    init(kind: Kind, side: Int) {
        self.kind = kind
        isFast = false
        resizes = true
        size = .shortestEdge(side)
        resampling = .bicubic
        centerCrops = true
        cropHeight = side
        cropWidth = side
        rescales = true
        rescaleFactor = 1.0 / 255
        normalizes = true
        mean = Self.clipMean
        standardDeviation = Self.clipStandardDeviation
        pads = kind == .llavaNext
        convertsToRGB = true
        pinpoints = kind == .llavaNext ? Pinpoint.llavaNextDefaults : []
    }

    /// Reads `preprocessor_config.json`.
    /// - Parameter family: Decides the kind where the file does not name one.
    /// - Throws: `CheckpointError` naming the file and the key.
    init(_ object: ConfigObject, family: VisionLanguageConfig.Family) throws {
        let (kind, isFast) = try Self.kind(object, family: family)
        try SettingsTable.preprocessor(kind, isFast: isFast).check(object)
        guard kind != .gotOCR2 else {
            try self.init(gotOCR2: object, isFast: isFast)
            return
        }
        self.init(kind: kind, side: 224)
        self.isFast = isFast
        resizes = try object.flag("do_resize", default: resizes)
        size = try object.resizeTarget("size", default: size)
        let filter = try object.integer("resample", default: resampling.rawValue, in: 0...5)
        resampling = Resampling(rawValue: filter) ?? resampling
        centerCrops = try object.flag("do_center_crop", default: centerCrops)
        (cropHeight, cropWidth) = try object.cropSize("crop_size", default: 224)
        rescales = try object.flag("do_rescale", default: rescales)
        rescaleFactor = try object.positive("rescale_factor", default: rescaleFactor)
        normalizes = try object.flag("do_normalize", default: normalizes)
        mean = try object.channels("image_mean", default: mean, allowsZero: true)
        standardDeviation = try object.channels("image_std", default: standardDeviation, allowsZero: false)
        if kind != .clip { pads = try object.flag("do_pad", default: pads) }
        convertsToRGB = try object.flag("do_convert_rgb", default: convertsToRGB)
        if kind == .llavaNext { pinpoints = try object.pinpoints("image_grid_pinpoints", default: pinpoints) }
    }

    /// `image_processor_type`, or its old name, or the model's own (`image_processing_auto.py`).
    static func kind(
        _ object: ConfigObject, family: VisionLanguageConfig.Family
    ) throws -> (Kind, isFast: Bool) {
        let old = "feature_extractor_type"
        let key = object.has("image_processor_type") ? "image_processor_type" : old
        guard let given = try object.optionalString(key) else {
            return (.standard(of: family), false)
        }
        let name = key == old ? given.replacingSuffix("FeatureExtractor", with: "ImageProcessor") : given
        let isFast = name.hasSuffix("Fast")
        guard let kind = Kind(rawValue: isFast ? String(name.dropLast(4)) : name), kind.fits(family) else {
            let fitting = Kind.allCases.filter { $0.fits(family) }
            throw object.unsupported(key, supported: fitting.map(\.rawValue).joined(separator: ", "))
        }
        return (kind, isFast)
    }
}

extension String {
    fileprivate func replacingSuffix(_ suffix: String, with replacement: String) -> String {
        hasSuffix(suffix) ? dropLast(suffix.count) + replacement : self
    }
}

extension ConfigObject {
    /// `size`: a number or `{"shortest_edge": n}`, or `{"height": h, "width": w}`; `null` is absent.
    func resizeTarget(
        _ key: String, default fallback: PreprocessorConfig.ResizeTarget
    ) throws -> PreprocessorConfig.ResizeTarget {
        guard has(key) else { return fallback }
        guard case .object(let inner) = values[key] else {
            return .shortestEdge(try integer(key, default: 0, in: ConfigLimits.pixels))
        }
        let size = ConfigObject(inner, file: file, path: "\(path)\(key).")
        if size.values.keys.sorted() == ["shortest_edge"] {
            return .shortestEdge(try size.integer("shortest_edge", default: 0, in: ConfigLimits.pixels))
        }
        let (height, width) = try size.heightAndWidth(of: self, key)
        return .exact(height: height, width: width)
    }

    /// `crop_size`: a number or `{"height": h, "width": w}`; `null` is absent.
    fileprivate func cropSize(_ key: String, default fallback: Int) throws -> (Int, Int) {
        guard has(key) else { return (fallback, fallback) }
        guard case .object(let inner) = values[key] else {
            let side = try integer(key, default: fallback, in: ConfigLimits.pixels)
            return (side, side)
        }
        return try ConfigObject(inner, file: file, path: "\(path)\(key).").heightAndWidth(of: self, key)
    }

    private func heightAndWidth(of outer: ConfigObject, _ key: String) throws -> (Int, Int) {
        guard values.keys.sorted() == ["height", "width"] else {
            throw outer.wrong(key, needed: "a number, or an object with height and width")
        }
        return (
            try integer("height", default: 0, in: ConfigLimits.pixels),
            try integer("width", default: 0, in: ConfigLimits.pixels)
        )
    }

    /// Three numbers, or one for all; `null` is absent.
    func channels(_ key: String, default fallback: [Double], allowsZero: Bool) throws -> [Double] {
        guard has(key), let value = values[key] else { return fallback }
        let list: [JSONValue]
        if case .array(let given) = value { list = given } else { list = [value, value, value] }
        let numbers = list.compactMap(Self.number)
        guard list.count == 3, numbers.count == 3, numbers.allSatisfy({ $0 > 0 || (allowsZero && $0 == 0) }) else {
            throw wrong(key, needed: "three numbers, " + (allowsZero ? "none negative" : "each above zero"))
        }
        return numbers
    }
}
