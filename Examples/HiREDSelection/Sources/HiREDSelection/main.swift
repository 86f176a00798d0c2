import HiRED

// The attention of a vision tower stands in here: bright where a made-up object lies. With a model of your own, take the
// CLS row of softmax(QKᵀ/√d), summed over heads, CLS column dropped, of its first layer (full view) and of the layer that
// feeds its projector (every view).
func attention(_ side: Int, brightRow: Int, brightColumn: Int) -> [Float] {
    (0..<side * side).map { token in
        let (down, across) = (token / side - brightRow, token % side - brightColumn)
        return 1 / Float(1 + down * down + across * across)
    }
}

// A picture of 1,200×900 pixels as LLaVA-NeXT cuts it: a full view and 2×2 tiles of 24×24 tokens.
let layout = try PartitionLayout(
    imageSize: PixelSize(width: 1200, height: 900),
    resolutions: [(336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)].map {
        PixelSize(width: $0.0, height: $0.1)
    },
    viewSize: 336, patchSize: 14)
print("\(layout.partitionCount) views, \(layout.totalTokens) tokens, \(layout.fullTokenCount) without dropping")

var options = SelectionOptions()
options.budget = try TokenBudget(parsing: "20%")

// In one call, where every view has been encoded.
let first = attention(layout.side, brightRow: 4, brightColumn: 20)
let final = (0..<layout.partitionCount).map { attention(layout.side, brightRow: 3 * $0, brightColumn: 12) }
let selection = try options.select(layout: layout, firstLayer: first, finalLayer: final)
print("kept \(selection.count):", selection.kept.map(\.count).map(String.init).joined(separator: ", "))

// In two steps, where tiles without a budget are not even to be encoded.
let strategy = try options.makeStrategy()
let allocation = try strategy.allocate(
    options.budget, layout: layout,
    fullView: ViewTaps([VisionTap(.classAttention, layer: .first): first]))
print("tiles to encode:", allocation.budgets.indices.dropFirst().filter { allocation.budgets[$0] > 0 })

// Gather the projected features of these, in this order, and give them to the language model.
for case .token(let partition, let index) in selection.slots.prefix(3) { print("view \(partition), token \(index)") }
