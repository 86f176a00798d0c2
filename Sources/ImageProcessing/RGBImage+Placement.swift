/// Moving pictures on larger and smaller grounds.
extension RGBImage {
    /// A new black picture with this one on it.
    ///
    /// - Precondition: this picture lies within the new one; the caller computed both.
    func placed(x: Int, y: Int, width: Int, height: Int) -> RGBImage {
        precondition(x >= 0 && y >= 0 && x + self.width <= width && y + self.height <= height)
        return withUnsafePixels { source in
            RGBImage(width: width, height: height) { target in
                for row in 0..<self.height {
                    let from = UnsafeBufferPointer(rebasing: source[(3 * row * self.width)...].prefix(3 * self.width))
                    _ = UnsafeMutableBufferPointer(rebasing: target[(3 * ((y + row) * width + x))...])
                        .update(fromContentsOf: from)
                }
            }
        }
    }

    /// A rectangle of the picture.
    ///
    /// - Precondition: it lies in the picture; the caller computed it.
    func cropped(x: Int, y: Int, width: Int, height: Int) -> RGBImage {
        RGBImage(width: width, height: height) { copyRectangle(x: x, y: y, width: width, height: height, to: $0) }
    }

    /// The whole picture in another size, as Pillow's bilinear resize makes it.
    package func scaled(width: Int, height: Int) -> RGBImage {
        Resize.resize(self, width: width, height: height, filter: .bilinear)
    }

    /// The first column, so many times.
    func repeatingColumn(_ count: Int) -> RGBImage {
        withUnsafePixels { source in
            RGBImage(width: count, height: height) { target in
                for row in 0..<height {
                    for column in 0..<count {
                        for channel in 0..<3 {
                            target[3 * (row * count + column) + channel] = source[3 * row * width + channel]
                        }
                    }
                }
            }
        }
    }
}
