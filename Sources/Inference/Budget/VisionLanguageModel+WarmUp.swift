extension VisionLanguageModel {
    /// Runs the shapes that matter, so that the first question does not pay for the repacking of weights, and fits the
    /// cost model that automatic budgets are chosen by. Waits for running requests to end; forgets cached prompts.
    ///
    /// Takes a few seconds for a large model.
    ///
    /// - Parameter progress: called before each shape, on the model's thread.
    /// - Throws: `CancellationError`, `OpenVINOError`, `InferenceError`.
    @discardableResult
    public func warmUp(progress: @Sendable (WarmUpProgress) -> Void = { _ in }) async throws -> CostModel {
        try await waitUntilIdle()
        return try runWarmUp(progress)
    }

    private func waitUntilIdle() async throws {
        while engine.hasWork {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    /// Awaits nothing: no request comes in between.
    private func runWarmUp(_ progress: (WarmUpProgress) -> Void) throws -> CostModel {
        let known = engine.costModel ?? costStore.load(costKey)
        let wasWarm = engine.isWarm
        var measured = try engine.warmUp(progress: progress)
        // A warm engine cannot tell what a cold one takes.
        if wasWarm { measured.coldMilliseconds = known?.coldMilliseconds ?? 0 }
        let cost = CostModel(measured)
        engine.costModel = cost
        costStore.save(cost, for: costKey)
        trimmer = nil
        return cost
    }

    /// The cost model of this machine and model: the one in use, the one kept from an earlier run, or, failing both, one
    /// fitted by a warm-up.
    ///
    /// - Throws: as `warmUp`.
    @discardableResult
    public func prepareAutoBudget(progress: @Sendable (WarmUpProgress) -> Void = { _ in }) async throws -> CostModel {
        if engine.costModel == nil { engine.costModel = costStore.load(costKey) }
        if engine.costModel == nil { try await waitUntilIdle() }
        // Another request may have brought one in the meantime.
        return try engine.costModel ?? runWarmUp(progress)
    }

    /// For tests: budgets that do not depend on the machine.
    func setCostModel(_ cost: CostModel) { engine.costModel = cost }
}
