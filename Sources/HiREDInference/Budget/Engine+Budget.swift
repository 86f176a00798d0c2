import HiRED
import ImageProcessing
import VisionEncoding

extension Engine {
    /// Lowers a picture's budget if its request would have to wait for blocks, before its first view is encoded.
    func lowerBudgetUnderLoad(request place: Int, image: Int) {
        guard let floor = options.loadBudgetFloor, requests.count > 1,
            let job = requests[place].images[image].job, !job.hasBegun, job.options.strategy.obeysBudget
        else { return }
        let asked = mostTokens(of: requests[place].images[image])
        let given = LoadFloor.budget(
            asked: asked, floor: floor,
            LoadFloor.Situation(
                freeBlocks: backend.freeBlocks(self, before: place), blockSize: backend.blockSize,
                otherTokens: mostPositions(of: requests[place]) - asked, hasCompany: true))
        guard given < asked else { return }
        var lowered = job.options
        lowered.budget = .tokens(given)
        // Options that go only with a full budget leave nothing to lower.
        let digest = requests[place].images[image].digest
        guard let other = try? ImageJob(job.partitions, digest: digest, options: lowered) else { return }
        // Lowered again, it still tells what was first asked for.
        requests[place].images[image].loweredFrom = requests[place].images[image].loweredFrom ?? asked
        requests[place].images[image].key = ImagePipeline.key(
            digest, options: lowered)
        requests[place].images[image].job = other
    }

    /// Positions that a request will have written when its answer is as long as it may be.
    func mostPositions(of entry: EngineRequest) -> Int {
        if let sequence = entry.sequences.first {
            return sequence.content.promptLength + max(sequence.maximumTokens, 1) - 1
        }
        let prompt = entry.ids.count - entry.images.count + entry.images.reduce(0) { $0 + mostTokens(of: $1) }
        return prompt + max(min(entry.request.maximumTokens, limits.context - prompt), 1) - 1
    }

    /// An upper bound of the tokens a picture will give.
    private func mostTokens(of image: EngineRequest.Image) -> Int {
        image.result?.tokens.kept ?? image.job.map { $0.partitions.layout.mostTokens(under: $0.options) } ?? 0
    }
}
