import Checkpoints
import Foundation
import HiRED
import ImageProcessing
import Testing

@testable import VisionEncoding

/// Every setting of an image processor is obeyed or refused by name. What becomes of the pixels is compared with
/// Transformers in `ImageProcessingTests`.
@Suite struct PreprocessorSettingsTests {
    private static let side = 56

    private func preparation(
        _ kind: PreprocessorConfig.Kind, _ change: (inout PreprocessorConfig) -> Void = { _ in }
    ) throws -> ImagePreparation {
        let json = """
            {"model_type": "\(kind == .llavaNext ? "llava_next" : "llava")", "image_token_index": 5,
             "text_config": {"model_type": "llama", "vocab_size": 512, "hidden_size": 64, "intermediate_size": 128,
               "num_hidden_layers": 2, "num_attention_heads": 4},
             "vision_config": {"model_type": "clip_vision_model", "image_size": \(Self.side), "patch_size": 14,
               "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4}}
            """
        let config = try VisionLanguageConfig(json: Data(json.utf8))
        var preprocessor = PreprocessorConfig(defaultsFor: config)
        preprocessor.kind = kind
        preprocessor.pads = false
        change(&preprocessor)
        return try ImagePreparation(config, preprocessor: preprocessor)
    }

    private func view(_ preparation: ImagePreparation) throws -> SingleView {
        guard case .single(let view) = preparation.variant else { throw CancellationError() }
        return view
    }

    @Test func filtersAreObeyed() throws {
        let filters: [(PreprocessorConfig.Resampling, ResamplingFilter)] = [
            (.nearest, .nearest), (.lanczos, .lanczos), (.bilinear, .bilinear), (.bicubic, .bicubic), (.box, .box),
            (.hamming, .hamming),
        ]
        for kind in [PreprocessorConfig.Kind.clip, .llava, .llavaNext] {
            for (given, expected) in filters {
                #expect(try preparation(kind) { $0.resampling = given }.filter == expected)
            }
        }
    }

    @Test func sizesAreObeyed() throws {
        let square = PixelSize(width: Self.side, height: Self.side)
        for kind in [PreprocessorConfig.Kind.clip, .llava] {
            #expect(try view(preparation(kind)) == SingleView(size: .shortestEdge(Self.side)))
            #expect(try view(preparation(kind) { $0.size = .shortestEdge(40) }) == SingleView(size: .shortestEdge(40)))
            #expect(
                try view(preparation(kind) { $0.size = .exact(height: 80, width: 64) })
                    == SingleView(size: .exact(PixelSize(width: 64, height: 80))))
            #expect(try view(preparation(kind) { $0.resizes = false }) == SingleView(size: .unchanged))
            let whole = try preparation(kind) {
                $0.size = .exact(height: Self.side, width: Self.side)
                $0.centerCrops = false
            }
            #expect(try view(whole) == SingleView(size: .exact(square)))
        }
        let padded = try preparation(.llava) {
            $0.pads = true
            $0.centerCrops = false
            $0.mean = [0.5, 0, 1]
        }
        #expect(
            try view(padded)
                == SingleView(size: .shortestEdge(Self.side), ground: RGBColour(red: 127, green: 0, blue: 255)))
        // CLIP's processor knows no padding.
        #expect(try view(preparation(.clip) { $0.pads = true }).ground == nil)
        let changes: [(inout PreprocessorConfig) -> Void] = [
            { _ in }, { $0.resizes = false }, { $0.centerCrops = false },
            { $0.size = .exact(height: Self.side, width: Self.side) },
        ]
        for change in changes {
            #expect(try preparation(.llavaNext, change).variant == preparation(.llavaNext).variant)
        }
    }

    /// InternVL's: tiles are always cut with bicubic interpolation; a single view is resized as the file says.
    @Test func closestGridsAreObeyed() throws {
        func square(_ tiles: ClosedRange<Int>, _ change: @escaping (inout PreprocessorConfig) -> Void = { _ in }) throws
            -> ImagePreparation
        {
            try preparation(.gotOCR2) {
                ($0.size, $0.tiles) = (.exact(height: Self.side, width: Self.side), tiles)
                $0.resampling = .bilinear
                change(&$0)
            }
        }
        #expect(try square(1...6).variant == .closestGrid(tiles: 1...6))
        #expect(try square(1...6).filter == .bicubic)
        #expect(try square(1...1).filter == .bilinear)
        #expect(try square(2...6) { $0.resizes = false } == square(2...6))
        let own = #expect(throws: ImageError.self) { try square(1...1) { $0.resizes = false } }
        #expect(own.map { "\($0)" }?.contains("do_resize") == true)
        let other = #expect(throws: ImageError.self) { try square(1...6) { $0.size = .exact(height: 28, width: 56) } }
        #expect(other.map { "\($0)" }?.contains("size") == true)
    }

    @Test func whatGivesOtherSizesIsRefusedByName() throws {
        func refusal(_ kind: PreprocessorConfig.Kind, _ change: (inout PreprocessorConfig) -> Void) -> String {
            let error = #expect(throws: ImageError.self) { try preparation(kind, change) }
            return error.map { "\($0)" } ?? ""
        }
        for kind in [PreprocessorConfig.Kind.clip, .llava, .llavaNext] {
            #expect(refusal(kind) { $0.cropWidth = 64 }.contains("crop_size"))
            #expect(refusal(kind) { $0.cropHeight = 324 }.contains("a crop of 56×324"))
        }
        for kind in [PreprocessorConfig.Kind.clip, .llava] {
            #expect(refusal(kind) { $0.centerCrops = false }.contains("do_center_crop"))
            let neither = refusal(kind) {
                $0.centerCrops = false
                $0.resizes = false
            }
            #expect(neither.contains("do_resize"))
            let other = refusal(kind) {
                $0.size = .exact(height: 64, width: 56)
                $0.centerCrops = false
            }
            #expect(other.contains("do_center_crop"))
        }
        #expect(refusal(.llavaNext) { $0.size = .shortestEdge(64) }.contains("size"))
        #expect(refusal(.llavaNext) { $0.size = .exact(height: 56, width: 64) }.contains("views of 64×56"))
        #expect(
            refusal(.llavaNext) {
                $0.centerCrops = false
                $0.cropWidth = 28
            }.contains("crop_size"))
    }
}
