import OrderedJSON

/// The table of `generation_config.json`, against Transformers 4.57.6 (`generation/configuration_utils.py` and
/// `_get_logits_processor` of `generation/utils.py`).
extension SettingsTable {
    static let generation = SettingsTable(
        all(
            .obeyed, "eos_token_id", "bos_token_id", "do_sample", "temperature", "top_k", "top_p", "min_p",
            "repetition_penalty", "no_repeat_ngram_size", "bad_words_ids", "suppress_tokens", "begin_suppress_tokens",
            "min_length", "min_new_tokens", "stop_strings", "max_length", "max_new_tokens", "_from_model_config"),
        all(.refusedIfSampling(unless: [.integer(1)]), "typical_p"),
        all(.refusedIfSampling(unless: [.integer(0)]), "epsilon_cutoff", "eta_cutoff"),
        all(.refusedIfSampling(unless: []), "top_h"),
        all(refused(unless: .integer(1)), "num_beams", "encoder_repetition_penalty", "guidance_scale"),
        all(
            refused(unless: .integer(0)), "penalty_alpha", "encoder_no_repeat_ngram_size"),
        all(
            refused(), "sequence_bias", "exponential_decay_length_penalty", "forced_eos_token_id",
            "forced_decoder_ids", "constraints", "force_words_ids", "dola_layers", "watermarking_config", "max_time"),
        all(refused(unless: .bool(false)), "token_healing"),
        all(refused(unless: .object([:])), "generation_kwargs"),
        all(
            .ignored("means something only with several beams, which are refused"), "num_beam_groups",
            "diversity_penalty", "length_penalty", "early_stopping"),
        all(.ignored("means something only with penalty_alpha, which is refused"), "low_memory"),
        all(.ignored("means something only for an empty prompt"), "forced_bos_token_id", "decoder_start_token_id"),
        all(.ignored("only batches are padded"), "pad_token_id"),
        all(.ignored("the request says how many answers it wants"), "num_return_sequences"),
        all(.ignored("changes no probability"), "renormalize_logits"),
        all(.ignored("logits that are no finite numbers are never drawn"), "remove_invalid_values"),
        all(
            .ignored("guessing ahead gives the same answers"), "is_assistant", "num_assistant_tokens",
            "num_assistant_tokens_schedule", "assistant_confidence_threshold", "assistant_early_exit",
            "assistant_lookbehind", "target_lookbehind", "prompt_lookup_num_tokens", "max_matching_ngram_size",
            "prompt_lookup_min"),
        all(
            .ignored("how Transformers computes, not what"), "use_cache", "cache_implementation", "cache_config",
            "return_legacy_cache", "prefill_chunk_size", "disable_compile", "compile_config"),
        all(
            .ignored("what a call in Transformers returns"), "output_attentions", "output_hidden_states",
            "output_scores", "output_logits", "return_dict_in_generate"),
        all(.ignored("nothing here reads it"), "transformers_version", "_commit_hash", "_original_object_hash"))

    private static func refused(unless values: JSONValue...) -> SettingRule {
        .refused(unless: values, remedy: "remove the key")
    }
}
