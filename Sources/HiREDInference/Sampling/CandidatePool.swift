import Foundation

/// The tokens that a draw may take, with weights in the proportion of their probabilities.
///
/// Buffers are kept between steps.
struct CandidatePool: Sendable {
    struct Candidate: Sendable {
        var token: Int32
        var score: Float
        /// exp((score - largest score) / temperature).
        var weight: Double

        /// Equal scores: the lower id first, so that the order, and with it the draw, is always the same.
        func precedes(_ other: Candidate) -> Bool {
            score != other.score ? score > other.score : token < other.token
        }
    }

    private var candidates: [Candidate] = []
    /// From here on to the end of `candidates`.
    private var start = 0
    private var keptWeight = 0.0
    /// The k largest scores, as a heap with the least at the root.
    private var largestScores: [Float] = []

    /// What a draw can give.
    var kept: ArraySlice<Candidate> { candidates[start...] }
    /// The sum of the kept weights.
    var total: Double { keptWeight }

    /// Applies temperature, top-k, top-p and min-p to scores `[V]`.
    ///
    /// No full sort: the k-th largest score comes from a heap of k, O(V log k); a top-p that keeps m tokens takes them
    /// one by one from a heap of all, O(V + m log V). Min-p compares with the likeliest token, so that it can be
    /// applied first without changing what comes out; the tokens it drops still count for top-p's sum.
    ///
    /// - Throws: `InferenceError.numericalFailure` when no score is a finite number.
    mutating func fill(_ scores: UnsafeBufferPointer<Float>, _ options: SamplingOptions) throws {
        var largest = -Float.infinity
        for score in scores where score > largest && score.isFinite { largest = score }
        guard largest.isFinite else { throw InferenceError.numericalFailure }
        // Below the floor are also -infinity and, as it compares with nothing, NaN.
        let floor = options.topK.map { smallest(of: $0, in: scores) } ?? -Float.greatestFiniteMagnitude
        let temperature = Double(options.temperature)
        let minP = Double(options.minP)

        candidates.removeAll(keepingCapacity: true)
        var total = 0.0
        keptWeight = 0
        for index in scores.indices where scores[index] >= floor && scores[index] <= largest {
            let score = scores[index]
            let weight = exp((Double(score) - Double(largest)) / temperature)
            total += weight
            guard weight >= minP else { continue }
            keptWeight += weight
            candidates.append(Candidate(token: Int32(truncatingIfNeeded: index), score: score, weight: weight))
        }
        start = 0
        if options.topP < 1 { keepLikeliest(sum: Double(options.topP) * total) }
    }

    /// The token at a place of the kept weights laid end to end.
    ///
    /// - Parameter unit: 0 up to, but not, 1.
    func draw(_ unit: Double) -> Int32 {
        var rest = unit * keptWeight
        var last: Int32 = 0
        for candidate in kept.reversed() where candidate.weight > 0 {
            rest -= candidate.weight
            last = candidate.token
            if rest < 0 { break }
        }
        return last
    }

    /// The k-th largest of the finite scores, or the least number when there are no more than k.
    private mutating func smallest(of k: Int, in scores: UnsafeBufferPointer<Float>) -> Float {
        guard k < scores.count else { return -Float.greatestFiniteMagnitude }
        largestScores.removeAll(keepingCapacity: true)
        largestScores.reserveCapacity(k)
        for score in scores where score.isFinite {
            if largestScores.count < k {
                largestScores.append(score)
                if largestScores.count == k {
                    largestScores.withUnsafeMutableBufferPointer { $0.makeHeap(by: <) }
                }
            } else if score > largestScores[0] {
                largestScores[0] = score
                largestScores.withUnsafeMutableBufferPointer { $0.siftDown(from: 0, count: k, by: <) }
            }
        }
        return largestScores.count < k ? -Float.greatestFiniteMagnitude : largestScores[0]
    }

    /// Moves the likeliest candidates to the end, the first of them last, until their weights reach the sum.
    private mutating func keepLikeliest(sum: Double) {
        var kept = 0.0
        start = candidates.withUnsafeMutableBufferPointer { heap in
            heap.makeHeap { $0.precedes($1) }
            var count = heap.count
            while count > 0, kept < sum {
                count -= 1
                heap.swapAt(0, count)
                kept += heap[count].weight
                heap.siftDown(from: 0, count: count) { $0.precedes($1) }
            }
            return count
        }
        keptWeight = kept
    }
}
