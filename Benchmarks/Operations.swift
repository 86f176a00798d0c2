import Foundation
import HiRED
import ImageProcessing
import Tokenization

/// Decoding a 12-megapixel JPEG and cutting it into LLaVA-NeXT's five views.
func imagePreparation() throws -> Benchmark {
    let (width, height) = (4000, 3000)
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    var generator = SplitMix64(seed: 1)
    for y in 0..<height {
        for x in 0..<width {
            // Soft gradients with edges and a little noise, as a photograph has them.
            let base = 110 + 70 * sin(Double(x) / 190) * cos(Double(y) / 140) + ((x / 400 + y / 300) % 2 == 0 ? 40 : 0)
            let noise = Double(generator.next() & 7)
            for c in 0..<3 { pixels[3 * (y * width + x) + c] = UInt8(max(0, min(255, base + noise + Double(8 * c)))) }
        }
    }
    let data = try RGBImage(width: width, height: height, pixels: pixels).jpegData(quality: 90)
    let preparation = ImagePreparation(
        .anyResolution(
            [(672, 336), (336, 672), (672, 672), (336, 1008), (1008, 336)].map { PixelSize(width: $0.0, height: $0.1) }),
        viewSize: 336, patchSize: 14)
    let start = ContinuousClock.now
    _ = try ImageDecoder().decode(data, name: "benchmark")
    let decode = (ContinuousClock.now - start) / .milliseconds(1)
    return Benchmark(
        name: "decode and prepare a 12 MP JPEG", goalMilliseconds: 200,
        floor: String(format: "libjpeg-turbo's decoding alone took %.0f ms for %d kB", decode, data.count / 1000)
    ) {
        let partitions = try preparation.prepare(ImageDecoder().decode(data, name: "benchmark"))
        guard partitions.canvas().width == 672 else { fatalError("the benchmark's picture has a 2×2 grid") }
    }
}

/// Sharing out, choosing and packing 576 of 2,880 tokens.
func selection() throws -> Benchmark {
    let layout = try PartitionLayout(
        side: 24, tileRows: 2, tileColumns: 2, imageSize: PixelSize(width: 672, height: 672),
        canvasSize: PixelSize(width: 672, height: 672), content: PixelRectangle(x: 0, y: 0, width: 672, height: 672))
    var generator = SplitMix64(seed: 2)
    let taps = (0..<5).map { _ in
        ViewTaps([
            VisionTap(.classAttention, layer: .first): (0..<576).map { _ in Float.random(in: 0...1, using: &generator)
            },
            VisionTap(.classAttention, layer: .final): (0..<576).map { _ in Float.random(in: 0...1, using: &generator)
            },
        ])
    }
    var options = SelectionOptions()
    options.budget = try TokenBudget(parsing: "20%")
    let strategy = try options.makeStrategy()
    return Benchmark(
        name: "select 576 of 5×576 tokens", goalMilliseconds: 0.5,
        floor: "13.8 kB of attention read once, about 1 µs"
    ) {
        let allocation = try strategy.allocate(options.budget, layout: layout, fullView: taps[0])
        guard try strategy.select(allocation, layout: layout, taps: taps).count == 576 else {
            fatalError("the budget is exact")
        }
    }
}

/// A page of English through the demo's LLaMA-style tokenizer, which sees it as one word.
func tokenizing() throws -> Benchmark {
    let tokenizer = try Tokenizer(contentsOf: URL(fileURLWithPath: "Models/demo/tokenizer.json"))
    let sentence = "How much is the coffee, and what is written on the sign beside the green triangle? "
    let text = String(String(repeating: sentence, count: 130).prefix(10_000))
    return Benchmark(
        name: "tokenise 10 kB", goalMilliseconds: 5, floor: "10,000 look-ups of a character, about 0.1 ms"
    ) {
        guard try tokenizer.encode(text).count > 1000 else { fatalError("the text has thousands of tokens") }
    }
}
