import Synchronization

extension VisionLanguageModel {
    /// Runs the shapes that matter, so that the first question does not pay for the repacking of weights, and fits the
    /// cost model that automatic budgets and the size of steps are chosen by. Takes its turn between two steps and
    /// changes nothing that requests or caches hold.
    ///
    /// Takes seconds for a large model, in which running answers stand still: best called before there are any.
    ///
    /// - Parameter progress: called before each shape, on the model's thread.
    /// - Throws: `CancellationError`, `OpenVINOError`, `InferenceError`.
    @discardableResult
    public func warmUp(progress: @escaping @Sendable (WarmUpProgress) -> Void = { _ in }) async throws -> CostModel {
        let isCancelled = Flag()
        return try await withTaskCancellationHandler {
            try await worker.perform { [self] engine in
                let known = costs.model ?? costStore.load(costKey)
                let wasWarm = costs.isWarm
                var measured = try engine.warmUp { step in
                    guard !isCancelled.isSet else { throw CancellationError() }
                    progress(step)
                }
                // A warm engine cannot tell what a cold one takes.
                if wasWarm { measured.coldMilliseconds = known?.coldMilliseconds ?? 0 }
                let cost = CostModel(measured)
                costs.model = cost
                costStore.save(cost, for: costKey)
                engine.onFirstAnswer?()
                engine.onFirstAnswer = nil
                return cost
            }
        } onCancel: {
            isCancelled.set()
        }
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }

    /// The cost model of this machine and model: the one in use, the one kept from an earlier run, or, failing both, one
    /// fitted by a warm-up. Requests with an automatic budget are refused before there is one.
    ///
    /// - Throws: as `warmUp`.
    @discardableResult
    public func prepareAutoBudget(
        progress: @escaping @Sendable (WarmUpProgress) -> Void = { _ in }
    ) async throws -> CostModel {
        if let known = costs.model ?? costStore.load(costKey) {
            costs.model = known
            return known
        }
        return try await warmUp(progress: progress)
    }

    /// For tests: budgets that do not depend on the machine.
    func setCostModel(_ cost: CostModel) { costs.model = cost }
}
