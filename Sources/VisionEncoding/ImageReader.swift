package import Crypto
import Foundation
package import HiRED
package import ImageProcessing

/// From a picture as a caller has it to the views that the tower reads. Any thread may use it.
package struct ImageReader: Sendable {
    private let decoder: ImageDecoder
    private let preparation: ImagePreparation

    package init(decoder: ImageDecoder, preparation: ImagePreparation) {
        self.decoder = decoder
        self.preparation = preparation
    }

    /// Tokens of one view.
    package var tokensPerView: Int {
        let side = preparation.viewSize / preparation.patchSize
        return side * side
    }

    /// A picture that has been read and named, and not been decoded.
    package struct Source: Sendable {
        package let digest: SHA256.Digest
        fileprivate let content: Content

        fileprivate enum Content: Sendable {
            case encoded(Data, name: String)
            case image(RGBImage)
        }
    }

    /// Reads a picture's bytes once; their digest names it from then on.
    ///
    /// - Throws: `ImageError`.
    package func open(_ input: ImageInput, timings: inout ImageTimings) throws -> Source {
        try timings.measure(\.decode) {
            var hash = SHA256()
            let content = try content(of: input)
            switch content {
            case .encoded(let data, _): hash.update(data: data)
            case .image(let image):
                withUnsafeBytes(of: (image.width, image.height)) { hash.update(bufferPointer: $0) }
                image.withUnsafePixels { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
            }
            return Source(digest: hash.finalize(), content: content)
        }
    }

    private func content(of input: ImageInput) throws -> Source.Content {
        switch input {
        case .file(let url): .encoded(try decoder.data(contentsOf: url), name: url.path)
        case .data(let data, let name): .encoded(data, name: name)
        case .image(let image): .image(image)
        }
    }

    /// Decodes and cuts a picture; the decoded picture is dropped.
    ///
    /// - Throws: `ImageError`, `HiREDError.invalidLayout`.
    package func prepare(_ source: Source, timings: inout ImageTimings) throws -> ImagePartitions {
        let image = try timings.measure(\.decode) {
            switch source.content {
            case .encoded(let data, let name): try decoder.decode(data, name: name)
            case .image(let image): image
            }
        }
        return try timings.measure(\.preprocess) { try preparation.prepare(image) }
    }

    /// How a picture will be cut, from its header alone.
    ///
    /// - Throws: `ImageError`, `HiREDError.invalidLayout`.
    package func layout(of source: Source) throws -> PartitionLayout {
        switch source.content {
        case .encoded(let data, let name): try preparation.layout(for: decoder.size(of: data, name: name))
        case .image(let image): try preparation.layout(for: PixelSize(width: image.width, height: image.height))
        }
    }

    /// The same; the picture gets no name. A pipe can be read once only: give its bytes, not its path, where the picture is
    /// prepared later.
    package func layout(of input: ImageInput) throws -> PartitionLayout {
        switch try content(of: input) {
        case .encoded(let data, let name): try preparation.layout(for: decoder.size(of: data, name: name))
        case .image(let image): try preparation.layout(for: PixelSize(width: image.width, height: image.height))
        }
    }

    /// The layout of a picture of so many pixels, turned upright.
    package func layout(for size: PixelSize) throws -> PartitionLayout { try preparation.layout(for: size) }

    /// Bytes that a request holds of a picture until it is prepared. O(1).
    package static func heldBytes(of input: ImageInput) -> Int {
        switch input {
        // Read when the request's turn comes.
        case .file: 0
        case .data(let data, _): data.count
        case .image(let image): image.byteCount
        }
    }
}
