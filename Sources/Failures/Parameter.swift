/// What a caller can set, by a name of the library's own. The command line and the server have names for each.
public enum Parameter: String, Sendable, Hashable, CaseIterable {
    // Of a request.
    case prompt, template
    case images, maximumPixels
    case budget, alpha, strategy, allocation, selectionSeed, keepSeparators, tokenPositions, emptyTileShare
    case scoringLayer, rankingLayer, head
    case maximumSecondsToFirstToken, maximumMemory
    case temperature, topK, topP, minP, repetitionPenalty, presencePenalty, frequencyPenalty, seed, stop, logprobs
    case suppressedTokens, noRepeatRunLength, minimumTokens
    case maximumTokens, answerCount, deadline
    // Of a loaded model.
    case model, generationSettings, precision, threads, cacheMemory, cachePrecision, maximumSequences, maximumWaiting
    case activationGroups, device, visionDevice
    case timeBetweenTokens
    // Of a language model that is served elsewhere.
    case languageModelURL, languageModelName, languageModelRows
    // Of an import.
    case destination, weights, visionWeights, visionTower, languageModel
}
