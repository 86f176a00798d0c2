public import Foundation

/// A checkpoint's `preprocessor_config.json`: how pictures become pixels. Absent keys take Transformers 4.57.6's
/// defaults of the processor class.
public struct PreprocessorConfig: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case llavaNext = "LlavaNextImageProcessor"
        case clip = "CLIPImageProcessor"
        case llava = "LlavaImageProcessor"
    }

    public enum Size: Sendable, Equatable {
        case shortestEdge(Int)
        case exact(height: Int, width: Int)
    }

    public var kind: Kind
    public var size: Size = .shortestEdge(224)
    public var cropHeight = 224
    public var cropWidth = 224
    public var resizes = true
    public var crops = true
    /// `LlavaImageProcessor`: pads to a square first. `LlavaNextImageProcessor`: pads batches; nothing to a picture.
    public var pads: Bool
    public var rescaleFactor: Double = 1.0 / 255
    public var mean: [Double] = [0.48145466, 0.4578275, 0.40821073]
    public var standardDeviation: [Double] = [0.26862954, 0.26130258, 0.27577711]
    public var gridPinpoints: [VisionLanguageConfig.Pinpoint] = VisionLanguageConfig.defaultPinpoints

    public init(kind: Kind) {
        self.kind = kind
        pads = kind == .llavaNext
    }

    /// - Throws: `CheckpointError`.
    public init(contentsOf url: URL, family: VisionLanguageConfig.Family) throws(CheckpointError) {
        let json = try JSONObject(contentsOf: url, remedy: "download it from the checkpoint's page")
        try self.init(json, family: family)
    }

    init(_ json: JSONObject, family: VisionLanguageConfig.Family) throws(CheckpointError) {
        let path = json.path
        let fallback = family == .llavaNext ? Kind.llavaNext : .clip
        let older = try json.string("feature_extractor_type")
        let written = try json.string("image_processor_type") ?? older
        // A fast processor does the same work; the slow one is the reference here. CLIPFeatureExtractor is CLIP's old name.
        var name = written ?? fallback.rawValue
        if name.hasSuffix("Fast") { name.removeLast(4) }
        if name == "CLIPFeatureExtractor" { name = Kind.clip.rawValue }
        guard let kind = Kind(rawValue: name) else {
            throw .unsupported(
                path: path, found: "the image processor '\(name)'",
                supported: Kind.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self.init(kind: kind)
        let edge = 1...8192
        // Old files write a number.
        if case .integer? = json.values["size"] {
            self.size = .shortestEdge(try json.integer("size", in: edge) ?? 224)
        } else if let size = try json.object("size") {
            if let shortest = try size.integer("shortest_edge", in: edge) {
                self.size = .shortestEdge(shortest)
            } else if let height = try size.integer("height", in: edge), let width = try size.integer("width", in: edge)
            {
                self.size = .exact(height: height, width: width)
            } else {
                throw .malformed(path: path, reason: "'size' needs shortest_edge, or height and width")
            }
        }
        if case .integer? = json.values["crop_size"] {
            cropHeight = try json.integer("crop_size", in: edge) ?? 224
            cropWidth = cropHeight
        } else if let crop = try json.object("crop_size") {
            cropHeight = try crop.integer("height", in: edge) ?? 224
            cropWidth = try crop.integer("width", in: edge) ?? 224
        }
        resizes = try json.bool("do_resize") ?? true
        crops = try json.bool("do_center_crop") ?? true
        pads = try json.bool("do_pad") ?? pads
        let factor = try json.number("rescale_factor") ?? rescaleFactor
        rescaleFactor = try json.bool("do_rescale") ?? true ? factor : 1
        mean = try json.numbers("image_mean") ?? mean
        standardDeviation = try json.numbers("image_std") ?? standardDeviation
        guard mean.count == 3, standardDeviation.count == 3, standardDeviation.allSatisfy({ $0 != 0 }) else {
            throw .malformed(
                path: path, reason: "image_mean and image_std need three numbers each, none of them a zero deviation")
        }
        if try json.bool("do_normalize") == false {
            mean = [0, 0, 0]
            standardDeviation = [1, 1, 1]
        }
        if let pinpoints = try json.pairs("image_grid_pinpoints") {
            gridPinpoints = pinpoints.map { .init(height: $0.0, width: $0.1) }
        }
        if let filter = try json.integer("resample", in: 0...5), filter != 3 {
            throw .unsupported(path: path, found: "resampling filter \(filter)", supported: "3 (bicubic)")
        }
    }
}
