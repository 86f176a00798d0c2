import HiREDInference

extension PrometheusText {
    /// What the engine holds and has counted.
    mutating func engine(_ now: EngineStatistics) {
        value(
            "hired_requests_waiting", .gauge, "Requests being prepared or waiting for their turn.", Double(now.waiting))
        value("hired_requests_running", .gauge, "Sequences that hold blocks of the cache.", Double(now.running))
        value("hired_cache_blocks", .gauge, "Blocks of the cache.", Double(now.blockCount))
        value("hired_cache_blocks_used", .gauge, "Blocks that running sequences hold.", Double(now.usedBlocks))
        value(
            "hired_cache_blocks_reusable", .gauge, "Blocks nobody holds that a like prompt can still take.",
            Double(now.cachedBlocks))
        value(
            "hired_promised_tokens", .gauge, "Tokens of prompts and answers that were promised to requests.",
            Double(now.promisedTokens))
        value(
            "hired_image_cache_bytes", .gauge, "Bytes of picture embeddings kept for later requests.",
            Double(now.imageCacheBytes))
        value(
            "hired_held_embedding_bytes", .gauge, "Bytes of picture embeddings that requests hold.",
            Double(now.heldEmbeddingBytes))
        value("hired_view_bytes", .gauge, "Bytes of views that wait to be encoded.", Double(now.viewBytes))
        family(
            "hired_requests_ended_total", .counter, "Requests that ended, by how.",
            now.ended.sorted { $0.key < $1.key }.map { ([("outcome", $0.key)], Double($0.value)) })
        family(
            "hired_requests_refused_total", .counter, "Requests that were turned away, by kind of failure.",
            now.refused.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                ([("kind", $0.key.rawValue)], Double($0.value))
            })
        value(
            "hired_prompt_tokens_total", .counter, "Prompt tokens, those found in the cache included.",
            Double(now.promptTokens))
        value("hired_generated_tokens_total", .counter, "Tokens of answers.", Double(now.generatedTokens))
        value(
            "hired_image_tokens_full_total", .counter, "Image tokens without dropping.", Double(now.imageTokensFull))
        value(
            "hired_image_tokens_kept_total", .counter, "Image tokens that reached the language model.",
            Double(now.imageTokensKept))
        value("hired_views_total", .counter, "Views that the vision tower encoded.", Double(now.views))
        value(
            "hired_image_cache_hits_total", .counter, "Pictures whose embeddings were found.",
            Double(now.imageCacheHits))
        value(
            "hired_preemptions_total", .counter, "How often a sequence's blocks were taken back.",
            Double(now.preemptions))
        value(
            "hired_prefix_hit_tokens_total", .counter, "Prompt tokens whose blocks were found.",
            Double(now.prefixHitTokens))
        value("hired_failed_steps_total", .counter, "Steps that failed.", Double(now.failedSteps))
        upstreams(now.upstreams)
        histogram("hired_queue_seconds", "Seconds until a request is computed first.", [([], now.queueSeconds)])
        histogram(
            "hired_time_to_first_token_seconds", "Seconds until a request's first token.",
            [([], now.secondsToFirstToken)])
        histogram(
            "hired_time_between_tokens_seconds", "Seconds between two tokens of an answer.",
            [([], now.secondsBetweenTokens)])
        histogram("hired_views_per_second", "Views a second of each call of the tower.", [([], now.viewsPerSecond)])
        histogram(
            "hired_prefill_tokens_per_second", "Prompt tokens a second of steps without answers.",
            [([], now.prefillTokensPerSecond)])
    }

    /// The servers of a language model that is served elsewhere.
    private mutating func upstreams(_ all: [UpstreamStatistics]) {
        guard !all.isEmpty else { return }
        func values(_ value: (UpstreamStatistics) -> Int) -> [(labels: Labels, value: Double)] {
            all.map { ([("url", $0.url)], Double(value($0))) }
        }
        family(
            "hired_upstream_available", .gauge, "Whether a server of the language model is asked.",
            values { $0.isAvailable ? 1 : 0 })
        family(
            "hired_upstream_outstanding", .gauge, "Requests that a server of the language model works on.",
            values(\.outstanding))
        family(
            "hired_upstream_requests_total", .counter, "Requests that a server of the language model was given.",
            values(\.requests))
        family(
            "hired_upstream_failures_total", .counter, "Requests that failed there by a fault of the server's.",
            values(\.failures))
        family(
            "hired_upstream_retries_total", .counter, "Requests that were tried again behind a failure there.",
            values(\.retries))
    }
}
