package import HiREDInference

/// The views of a picture with dropped tokens dimmed.
package struct KeptTokenPicture {
    let tokens: ImageTokens
    let partitions: ImagePartitions

    package init(_ selection: PictureSelection) {
        tokens = selection.tokens
        partitions = selection.partitions
    }

    /// Full view at the left, the canvas of the tiles at the right.
    package func render() -> RGBImage {
        let layout = tokens.layout
        let size = partitions.viewSize
        let canvas = partitions.canvas()
        let gap = layout.tileCount > 0 ? 12 : 0
        let (width, height) = (size + gap + canvas.width, max(size, canvas.height))
        var pixels = [UInt8](repeating: 255, count: 3 * width * height)
        let flags = tokens.keptFlags
        func draw(_ image: RGBImage, atX originX: Int, flag: (Int, Int) -> Bool) {
            image.withUnsafePixels { source in
                for y in 0..<image.height {
                    for x in 0..<image.width {
                        let isKept = flag(x, y)
                        for channel in 0..<3 {
                            let value = source[3 * (y * image.width + x) + channel]
                            pixels[3 * (y * width + originX + x) + channel] = isKept ? value : value / 4
                        }
                    }
                }
            }
        }
        let patch = max(size / layout.side, 1)
        // Pixels behind the last whole patch, which the tower does not see, go with it.
        func token(_ x: Int, _ y: Int) -> Int {
            min(y / patch, layout.side - 1) * layout.side + min(x / patch, layout.side - 1)
        }
        draw(partitions.fullView, atX: 0) { x, y in flags[0][token(x, y)] }
        draw(canvas, atX: size + gap) { x, y in
            flags[y / size * layout.tileColumns + x / size + 1][token(x % size, y % size)]
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }
}

extension ImageTokens {
    /// Kept flags of each partition [P][N], as they reach the language model.
    package var keptFlags: [[Bool]] {
        var flags = [[Bool]](
            repeating: [Bool](repeating: false, count: layout.tokensPerPartition), count: layout.partitionCount)
        for case .token(let partition, let index) in selection.slots { flags[partition][index] = true }
        return flags
    }

    /// The same as text: for each partition a letter for each token, row by row, `1` kept and `0` dropped.
    package var keptLetters: [String] { keptFlags.map { String($0.map { $0 ? "1" : "0" }) } }
}
