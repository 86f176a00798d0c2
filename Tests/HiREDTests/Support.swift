import Foundation
import Testing

@testable import HiRED

func fixture<Document: Decodable>(_ name: String) throws -> Document {
    let url = try #require(Bundle.module.resourceURL).appending(path: "Fixtures/\(name).json")
    return try JSONDecoder().decode(Document.self, from: Data(contentsOf: url))
}

/// Token indices of a hexadecimal bit mask, lowest bit token 0.
func indices(ofBits hexadecimal: String) throws -> [Int] {
    var result: [Int] = []
    for (digit, character) in hexadecimal.reversed().enumerated() {
        let value = try #require(character.hexDigitValue)
        for bit in 0..<4 where value >> bit & 1 == 1 { result.append(4 * digit + bit) }
    }
    return result
}

/// A picture letterboxed on a canvas of `tile` pixels a tile, as any-resolution does it but in integers.
func letterboxed(rows: Int, columns: Int, side: Int, image: PixelSize, tile: Int = 36) throws -> PartitionLayout {
    guard rows > 0 else { return try PartitionLayout(side: side, imageSize: image) }
    let canvas = PixelSize(width: columns * tile, height: rows * tile)
    var (width, height) = (canvas.width, canvas.height)
    if canvas.width * image.height < canvas.height * image.width {
        height = max(1, (image.height * canvas.width + image.width - 1) / image.width)
    } else {
        width = max(1, (image.width * canvas.height + image.height - 1) / image.height)
    }
    (width, height) = (min(width, canvas.width), min(height, canvas.height))
    return try PartitionLayout(
        side: side, tileRows: rows, tileColumns: columns, imageSize: image, canvasSize: canvas,
        content: PixelRectangle(
            x: (canvas.width - width) / 2, y: (canvas.height - height) / 2, width: width, height: height))
}

func taps(first: [Float], final: [[Float]]) -> [ViewTaps] {
    final.map {
        ViewTaps([VisionTap(.classAttention, layer: .first): first, VisionTap(.classAttention, layer: .final): $0])
    }
}

/// Attention of few distinct values, so that ties are common.
func randomTaps(_ layout: PartitionLayout, seed: UInt64, values: Int = 5) -> [ViewTaps] {
    var generator = SplitMix64(seed: seed)
    func row() -> [Float] {
        (0..<layout.tokensPerPartition).map { _ in Float(Int.random(in: 0...values, using: &generator)) }
    }
    let first = row()
    return taps(first: first, final: (0..<layout.partitionCount).map { _ in row() })
}

/// Everything that any strategy reads, of few distinct values.
func comparableTaps(_ layout: PartitionLayout, seed: UInt64) -> [ViewTaps] {
    var generator = SplitMix64(seed: seed ^ 0xC05)
    return randomTaps(layout, seed: seed).map { view in
        var view = view
        let rows = view.values[VisionTap(.classAttention, layer: .final)]
        view.values[VisionTap(.classAttentionUnsplit, layer: .index(-1))] = rows
        for tap in [VisionTap(.features, layer: .final), VisionTap(.keys, layer: .index(-1)), .projected] {
            view.values[tap] = (0..<(4 * layout.tokensPerPartition)).map { _ in
                Float(Int.random(in: -2...2, using: &generator))
            }
        }
        return view
    }
}

extension TokenDroppingStrategy {
    func run(_ budget: TokenBudget, _ layout: PartitionLayout, _ taps: [ViewTaps]) throws -> TokenSelection {
        let allocation = try allocate(budget, layout: layout, fullView: taps[0])
        return try select(
            allocation, layout: layout, taps: zip(taps, allocation.budgets).map { $1 > 0 ? $0 : nil })
    }
}

extension TokenSelection {
    /// partition·N + index in packed order; separators left out.
    func packed(tokensPerPartition: Int) -> [Int] {
        slots.compactMap { slot in
            if case .token(let partition, let index) = slot { partition * tokensPerPartition + index } else { nil }
        }
    }
}
