/// Moving pictures on larger and smaller grounds.
extension RGBImage {
    /// A new picture of one colour with this one on it.
    ///
    /// - Precondition: this picture lies within the new one; the caller computed both.
    func placed(x: Int, y: Int, width: Int, height: Int, colour: (UInt8, UInt8, UInt8)) -> RGBImage {
        precondition(x >= 0 && y >= 0 && x + self.width <= width && y + self.height <= height)
        return withUnsafePixels { source in
            RGBImage(width: width, height: height) { target in
                if colour != (0, 0, 0) {
                    for pixel in 0..<(width * height) {
                        (target[3 * pixel], target[3 * pixel + 1], target[3 * pixel + 2]) = colour
                    }
                }
                for row in 0..<self.height {
                    let from = UnsafeBufferPointer(rebasing: source[(3 * row * self.width)...].prefix(3 * self.width))
                    _ = UnsafeMutableBufferPointer(rebasing: target[(3 * ((y + row) * width + x))...])
                        .update(fromContentsOf: from)
                }
            }
        }
    }

    /// As LLaVA's `pad_to_square`: the longer side squared, the picture in the middle, rounded up and left.
    func paddedToSquare(colour: (UInt8, UInt8, UInt8)) -> RGBImage {
        guard width != height else { return self }
        let side = max(width, height)
        return placed(
            x: (side - width) / 2, y: (side - height) / 2, width: side, height: side, colour: colour)
    }

    /// As Transformers' `center_crop` cuts: what lies outside the picture is black.
    func cropped(x: Int, y: Int, width: Int, height: Int) -> RGBImage {
        withUnsafePixels { source in
            RGBImage(width: width, height: height) { target in
                for row in 0..<height where (0..<self.height).contains(y + row) {
                    for column in 0..<width where (0..<self.width).contains(x + column) {
                        let from = 3 * ((y + row) * self.width + x + column)
                        let to = 3 * (row * width + column)
                        target[to] = source[from]
                        target[to + 1] = source[from + 1]
                        target[to + 2] = source[from + 2]
                    }
                }
            }
        }
    }
}
