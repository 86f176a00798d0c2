package import HiREDInference

extension SelectionFigure {
    /// As pixels, panels below each other, the number of kept tokens in the corner of each view; titles are left to the
    /// drawing.
    package func render() -> RGBImage {
        let view = partitions.viewSize
        let patch = max(view / layout.side, 1)
        let (gap, size) = (8, size)
        // The room between full view and tiles is that of one token.
        let (width, panelHeight) = (size.width * patch, size.height * patch)
        let height = panels.count * (panelHeight + gap) - (panels.isEmpty ? 0 : gap)
        var pixels = [UInt8](repeating: 255, count: 3 * max(width, 1) * max(height, 1))
        func mix(_ x: Int, _ y: Int, _ colour: (UInt8, UInt8, UInt8), _ share: Float) {
            guard (0..<width).contains(x), (0..<height).contains(y) else { return }
            for (channel, value) in [colour.0, colour.1, colour.2].enumerated() {
                let place = 3 * (y * width + x) + channel
                pixels[place] = UInt8(Float(pixels[place]) * (1 - share) + Float(value) * share)
            }
        }
        let (fullView, canvas) = (partitions.fullView, partitions.canvas())
        for (number, panel) in panels.enumerated() {
            let top = number * (panelHeight + gap)
            for cell in cells {
                let (left, above) = (cell.x * patch, top + cell.y * patch)
                let image = cell.partition == 0 ? fullView : canvas
                let tile = max(cell.partition - 1, 0)
                let origin =
                    cell.partition == 0
                    ? (x: 0, y: 0)
                    : (x: tile % layout.tileColumns * view, y: tile / layout.tileColumns * view)
                image.withUnsafePixels { source in
                    for y in 0..<min(view, layout.side * patch) {
                        for x in 0..<min(view, layout.side * patch) {
                            let from = 3 * ((origin.y + y) * image.width + origin.x + x)
                            mix(left + x, above + y, (source[from], source[from + 1], source[from + 2]), 1)
                            let colour = Self.colour(panel.heat[cell.partition][y / patch * layout.side + x / patch])
                            mix(left + x, above + y, (colour.red, colour.green, colour.blue), colour.opacity)
                        }
                    }
                }
                guard let kept = panel.kept?[cell.partition] else { continue }
                for edge in Self.edges(kept, side: layout.side) {
                    for along in 0..<patch {
                        for across in -1...0 {
                            let (dx, dy) = edge.isHorizontal ? (along, across) : (across, along)
                            mix(left + edge.x * patch + dx, above + edge.y * patch + dy, (68, 204, 255), 1)
                        }
                    }
                }
                write(kept.count { $0 }) { mix(left + 6 + $0, above + 6 + $1, $2, 1) }
            }
        }
        return RGBImage(width: max(width, 1), height: max(height, 1), pixels: pixels)
    }

    /// Digits of three by five squares, white on black.
    private func write(_ number: Int, _ dot: (Int, Int, (UInt8, UInt8, UInt8)) -> Void) {
        // A row of a digit is an octal number.
        let rows = ["75557", "26227", "71747", "71717", "55711", "74717", "74757", "71111", "75757", "75717"]
        let scale = 4
        let digits = Array(String(number))
        for y in 0..<(7 * scale) {
            for x in 0..<((4 * digits.count + 1) * scale) { dot(x, y, (0, 0, 0)) }
        }
        for (place, digit) in digits.enumerated() {
            guard let value = digit.wholeNumberValue else { continue }
            for (row, letter) in rows[value].enumerated() {
                let bits = letter.wholeNumberValue ?? 0
                for column in 0..<3 where bits >> (2 - column) & 1 == 1 {
                    for y in 0..<scale {
                        for x in 0..<scale {
                            dot((4 * place + column + 1) * scale + x, (row + 1) * scale + y, (255, 255, 255))
                        }
                    }
                }
            }
        }
    }
}
