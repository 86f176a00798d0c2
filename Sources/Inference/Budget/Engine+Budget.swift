import HiRED
import ImageProcessing
import Scheduling

extension Engine {
    /// The options each picture of a new request is selected with: the automatic budget becomes a number here, where the
    /// pictures' layouts are known and none of their views is encoded.
    ///
    /// - Throws: `InferenceError.invalidOption`.
    func selections(for entry: inout EngineRequest, layouts: [PartitionLayout]) throws -> [SelectionOptions] {
        let asked = entry.request.selection
        guard let auto = entry.request.autoBudget else { return layouts.map { _ in asked } }
        try auto.validate()
        guard asked.strategy != .full else {
            throw InferenceError.invalidOption(
                "budget", "auto with the strategy full", remedy: "choose a strategy that drops tokens")
        }
        guard let costModel, !layouts.isEmpty else { return layouts.map { _ in asked } }
        let images = layouts.map { layout in
            AutoBudgetRoom.Image(
                views: layout.partitionCount, totalTokens: layout.totalTokens,
                // With separators, a budget of 100 % may keep every one of them.
                mostTokens: asked.keepsSeparators
                    ? min(layout.totalTokens, layout.fullTokenCount) : layout.keepableTokens)
        }
        let room = AutoBudgetRoom(
            images: images, textTokens: entry.ids.count - layouts.count, answerTokens: entry.request.maximumTokens,
            elapsedMilliseconds: entry.elapsed, context: limits.context,
            cacheTokens: scheduler.pool.blockCount * scheduler.pool.blockSize)
        let choice = auto.choose(room, cost: costModel, conditions: costConditions)
        entry.budgetChoice = choice
        return choice.tokensPerImage.map { tokens in
            var options = asked
            options.budget = .tokens(tokens)
            return options
        }
    }

    private var costConditions: CostModel.Conditions {
        CostModel.Conditions(
            blockSize: KeyValueCache.blockSize, stepTokens: options.maximumStepTokens, isWarm: isWarm)
    }

    /// Lowers a picture's budget if its request would have to wait for blocks, before its first view is encoded.
    func lowerBudgetUnderLoad(request place: Int, image: Int) {
        guard let floor = options.loadBudgetFloor, requests.count > 1,
            let job = requests[place].images[image].job, !job.hasBegun, job.options.strategy != .full
        else { return }
        let asked = mostTokens(of: requests[place].images[image])
        let size = scheduler.pool.blockSize
        // Earlier requests get theirs first, with all that their answers may still need.
        let promised = requests[..<place].reduce(0) { sum, earlier in
            sum
                + max(
                    scheduler.pool.blocks(forTokens: mostPositions(of: earlier)) - (earlier.sequence?.blockCount ?? 0),
                    0)
        }
        let given = LoadFloor.budget(
            asked: asked, floor: floor,
            LoadFloor.Situation(
                freeBlocks: scheduler.pool.availableBlocks - promised, blockSize: size,
                otherTokens: mostPositions(of: requests[place]) - asked, hasCompany: true))
        guard given < asked else { return }
        var lowered = job.options
        lowered.budget = .tokens(given)
        // Options that go only with a full budget leave nothing to lower.
        guard let other = try? ImageJob(job.partitions, options: lowered) else { return }
        requests[place].images[image].loweredFrom = asked
        requests[place].images[image].key = ImagePipeline.key(
            requests[place].images[image].digest, options: lowered)
        requests[place].images[image].job = other
    }

    /// Positions that a request will have written when its answer is as long as it may be.
    private func mostPositions(of entry: EngineRequest) -> Int {
        if let sequence = entry.sequence { return sequence.content.promptLength + max(sequence.maximumTokens, 1) - 1 }
        let prompt = entry.ids.count - entry.images.count + entry.images.reduce(0) { $0 + mostTokens(of: $1) }
        return prompt + max(min(entry.request.maximumTokens, limits.context - prompt), 1) - 1
    }
}
