import Foundation

/// The log probability (natural logarithm) of a drawn token, and of the most likely ones in its place.
///
/// They are the model's own: the log-softmax of its logits before penalties, temperature, top-k, top-p and min-p, which
/// therefore do not change them.
public struct TokenLogprobs: Sendable, Equatable {
    public struct Alternative: Sendable, Equatable {
        public var id: Int32
        public var logprob: Float

        package init(id: Int32, logprob: Float) {
            self.id = id
            self.logprob = logprob
        }
    }

    public var id: Int32
    public var logprob: Float
    /// The most likely first; equally likely ones by id. Holds the drawn token too when it is among them.
    public var top: [Alternative]

    /// What another program computed.
    package init(id: Int32, logprob: Float, top: [Alternative]) {
        self.id = id
        self.logprob = logprob
        self.top = top
    }

    /// O(V), and O(alternatives) for each logit that is among the largest so far. Logits that are no finite numbers
    /// have no part.
    ///
    /// - Parameters:
    ///   - id: an index of `logits` whose logit is finite.
    ///   - logits: [V].
    init(of id: Int32, alternatives: Int, logits: UnsafeBufferPointer<Float>) {
        var largest = -Float.infinity
        var top: [Alternative] = []
        top.reserveCapacity(min(alternatives, logits.count) + 1)
        for index in logits.indices where logits[index].isFinite {
            let logit = logits[index]
            largest = max(largest, logit)
            guard alternatives > 0 else { continue }
            if top.count == alternatives {
                guard logit > top[alternatives - 1].logprob else { continue }
                top.removeLast()
            }
            let place = top.lastIndex { $0.logprob >= logit }.map { $0 + 1 } ?? 0
            top.insert(Alternative(id: Int32(truncatingIfNeeded: index), logprob: logit), at: place)
        }
        var sum = 0.0
        for logit in logits where logit.isFinite { sum += exp(Double(logit) - Double(largest)) }
        let logSum = Double(largest) + log(sum)
        func logprob(_ logit: Float) -> Float { Float(Double(logit) - logSum) }
        self.id = id
        self.logprob = logprob(logits[Int(id)])
        self.top = top.map { Alternative(id: $0.id, logprob: logprob($0.logprob)) }
    }
}
