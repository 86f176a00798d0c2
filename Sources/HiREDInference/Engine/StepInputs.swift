import ElementTypes
import OpenVINO
import Scheduling

/// The paged model's inputs, in tensors that are used again for every step.
struct StepInputs {
    private let hiddenSize: Int
    private let request: InferRequest
    private let embeddings: Tensor
    private let positions: Tensor
    private let pastLengths: Tensor
    private let begins: Tensor
    private let blocks: Tensor
    private let blockBegins: Tensor
    private let longest: Tensor
    private let sampled: Tensor

    init(hiddenSize: Int, request: InferRequest) throws {
        self.hiddenSize = hiddenSize
        self.request = request
        embeddings = try Tensor(.f32, shape: [1, hiddenSize])
        positions = try Tensor(.i64, shape: [1])
        pastLengths = try Tensor(.i32, shape: [1])
        begins = try Tensor(.i32, shape: [2])
        blocks = try Tensor(.i32, shape: [1])
        blockBegins = try Tensor(.i32, shape: [2])
        longest = try Tensor(.i32, shape: [])
        sampled = try Tensor(.i64, shape: [1])
    }

    /// Sets every input for a step.
    ///
    /// - Parameters:
    ///   - rows: fills the embeddings [T, D] of the step's T tokens, entry after entry.
    ///   - positionIDs: fills those of the entry at a place.
    func fill(
        _ step: Step, positionIDs: (Int, UnsafeMutableBufferPointer<Int64>) -> Void,
        rows: (UnsafeMutableBufferPointer<Float>) throws -> Void
    ) throws {
        let entries = step.entries
        try embeddings.reshape([step.tokenCount, hiddenSize])
        try embeddings.withElements(of: Float.self) { try rows($0) }
        try set(positions, of: Int64.self, count: step.tokenCount, as: PortName.positionIDs) { target in
            var row = 0
            for (place, entry) in entries.enumerated() {
                let count = entry.positions.count
                positionIDs(place, UnsafeMutableBufferPointer(rebasing: target[row..<(row + count)]))
                row += count
            }
        }
        try set(pastLengths, of: Int32.self, count: entries.count, as: PortName.pastLengths) { target in
            for (place, entry) in entries.enumerated() { target[place] = Int32(entry.positions.lowerBound) }
        }
        try set(begins, of: Int32.self, count: entries.count + 1, as: PortName.subsequenceBegins) { target in
            target[0] = 0
            for (place, entry) in entries.enumerated() {
                target[place + 1] = target[place] + Int32(entry.positions.count)
            }
        }
        let blockCount = entries.reduce(0) { $0 + $1.blockTable.count }
        try set(blocks, of: Int32.self, count: blockCount, as: PortName.blockIndices) { target in
            var place = 0
            for entry in entries {
                for block in entry.blockTable {
                    target[place] = block
                    place += 1
                }
            }
        }
        try set(blockBegins, of: Int32.self, count: entries.count + 1, as: PortName.blockIndicesBegins) { target in
            target[0] = 0
            for (place, entry) in entries.enumerated() {
                target[place + 1] = target[place] + Int32(entry.blockTable.count)
            }
        }
        try longest.withElements(of: Int32.self) { target in
            target[0] = Int32(entries.reduce(0) { max($0, $1.positions.upperBound) })
        }
        // At least one row is gathered: an empty batch of logits is not worth a shape of its own.
        try set(sampled, of: Int64.self, count: max(step.sampledCount, 1), as: PortName.sampledTokensIndices) {
            target in
            target[0] = 0
            var (row, place) = (0, 0)
            for entry in entries {
                row += entry.positions.count
                guard entry.samples else { continue }
                target[place] = Int64(row - 1)
                place += 1
            }
        }
        try request.set(PortName.inputsEmbeds, embeddings)
        try request.set(PortName.maxContextLength, longest)
    }

    private func set<Element: TensorElement>(
        _ tensor: Tensor, of type: Element.Type, count: Int, as port: String,
        fill: (UnsafeMutableBufferPointer<Element>) -> Void
    ) throws {
        try tensor.reshape([count])
        try tensor.withElements(of: type) { fill($0) }
        try request.set(port, tensor)
    }
}
