import Foundation
internal import HiRED

/// How the next token is chosen from a row of logits.
public struct SamplingOptions: Sendable, Equatable {
    /// 0 takes the most likely token (greedy); higher is more varied. Divides the logits.
    public var temperature: Float
    /// Keeps the k most likely tokens; nil keeps all.
    public var topK: Int?
    /// Keeps the most likely tokens whose probabilities first reach this sum, 0 < topP <= 1; 1 keeps all.
    public var topP: Float
    /// The same seed gives the same answer to the same request. Nil draws one from the system.
    public var seed: UInt64?

    public init(temperature: Float = 0, topK: Int? = nil, topP: Float = 1, seed: UInt64? = nil) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.seed = seed
    }

    public static let greedy = SamplingOptions()

    /// - Throws: `InferenceError.invalidOption` for a value outside its range.
    public func validate() throws {
        guard temperature.isFinite, temperature >= 0 else {
            throw InferenceError.invalidOption(
                "temperature", "\(temperature)", remedy: "give 0 (greedy) or a positive number")
        }
        if let topK, topK < 1 {
            throw InferenceError.invalidOption("top-k", "\(topK)", remedy: "give a whole number of at least 1")
        }
        guard topP > 0, topP <= 1 else {
            throw InferenceError.invalidOption("top-p", "\(topP)", remedy: "give a number above 0 and at most 1")
        }
    }
}

/// Draws token ids from logits. One sampler serves one sequence: it owns the sequence's random numbers.
struct Sampler {
    private let options: SamplingOptions
    private var generator: SplitMix64
    /// Reused between steps so that a decode step allocates nothing.
    private var candidates: [Candidate] = []

    private struct Candidate {
        var token: Int32
        var logit: Float
        var weight: Double
    }

    init(_ options: SamplingOptions) {
        self.options = options
        generator = SplitMix64(seed: options.seed ?? UInt64.random(in: .min ... .max))
    }

    /// The next token of a row of logits `[V]`. Temperature, then top-k, then top-p, as Transformers orders its
    /// logits warpers (4.57.6, generation/utils.py). O(V) for greedy, O(V log V) otherwise.
    ///
    /// - Throws: `InferenceError.numericalFailure` when no logit is a finite number.
    mutating func next(_ logits: UnsafeBufferPointer<Float>) throws -> Int32 {
        guard options.temperature > 0 else { return try Self.argmax(logits) }
        candidates.removeAll(keepingCapacity: true)
        for (index, logit) in logits.enumerated() where logit.isFinite {
            candidates.append(Candidate(token: Int32(truncatingIfNeeded: index), logit: logit, weight: 0))
        }
        guard !candidates.isEmpty else { throw InferenceError.numericalFailure }
        // Ties go to the lower token id, so that the order, and with it the draw, is always the same.
        candidates.sort { $0.logit != $1.logit ? $0.logit > $1.logit : $0.token < $1.token }
        if let topK = options.topK, topK < candidates.count { candidates.removeLast(candidates.count - topK) }

        let largest = Double(candidates[0].logit)
        let temperature = Double(options.temperature)
        var total = 0.0
        for index in candidates.indices {
            let weight = exp((Double(candidates[index].logit) - largest) / temperature)
            candidates[index].weight = weight
            total += weight
        }
        var kept = total
        if options.topP < 1 {
            let bound = Double(options.topP) * total
            var sum = 0.0
            for index in candidates.indices {
                sum += candidates[index].weight
                if sum >= bound {
                    candidates.removeLast(candidates.count - index - 1)
                    kept = sum
                    break
                }
            }
        }
        var draw = generator.nextUnit() * kept
        for candidate in candidates {
            draw -= candidate.weight
            if draw < 0 { return candidate.token }
        }
        return candidates[candidates.count - 1].token
    }

    /// The first of the largest logits.
    static func argmax(_ logits: UnsafeBufferPointer<Float>) throws -> Int32 {
        var best = -Float.infinity
        var token = -1
        for (index, logit) in logits.enumerated() where logit > best {
            best = logit
            token = index
        }
        guard token >= 0, best.isFinite else { throw InferenceError.numericalFailure }
        return Int32(truncatingIfNeeded: token)
    }
}
