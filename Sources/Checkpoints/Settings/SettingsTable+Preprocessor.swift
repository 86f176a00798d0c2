import OrderedJSON

/// Tables of `preprocessor_config.json` and `processor_config.json`, against Transformers 4.57.6
/// (`image_processing_<model>.py`, `image_processing_<model>_fast.py`, `processing_<model>.py`).
extension SettingsTable {
    /// - Parameter isFast: the torchvision variant, which takes more keys.
    static func preprocessor(_ kind: PreprocessorConfig.Kind, isFast: Bool) -> SettingsTable {
        let unread = SettingRule.ignored("this image processor does not read it")
        if kind == .gotOCR2 { return gotOCR2(isFast: isFast) }
        return SettingsTable(
            preprocessorShared,
            isFast ? fast : all(unread, "default_to_square", "pad_size"),
            kind == .clip
                ? (isFast
                    ? all(.refused(unless: [.bool(false)], remedy: "set it to false"), "do_pad")
                    : all(unread, "do_pad"))
                : all(.obeyed, "do_pad"),
            kind == .llavaNext ? all(.obeyed, "image_grid_pinpoints") : all(unread, "image_grid_pinpoints"))
    }

    /// InternVL's.
    private static func gotOCR2(isFast: Bool) -> SettingsTable {
        let unread = SettingRule.ignored("this image processor does not read it")
        return SettingsTable(
            preprocessorShared,
            all(.obeyed, "min_patches", "max_patches"),
            all(.ignored("InternVL's processor always cuts tiles"), "crop_to_patches"),
            all(
                unread, "do_pad", "pad_size", "default_to_square", "crop_size", "image_grid_pinpoints",
                "image_seq_length"),
            isFast
                ? all(.refused(unless: [.bool(false)], remedy: "set it to false"), "do_center_crop")
                : all(unread, "do_center_crop"))
    }

    private static let preprocessorShared: [String: SettingRule] = [
        all(
            .obeyed, "image_processor_type", "feature_extractor_type", "image_processor", "do_resize", "size",
            "resample", "do_center_crop", "crop_size", "do_rescale", "rescale_factor", "do_normalize", "image_mean",
            "image_std", "do_convert_rgb"),
        all(
            .ignored("about a call in Transformers, not about pixels"), "return_tensors", "data_format",
            "input_data_format", "device", "disable_grouping", "_valid_processor_keys"),
        all(
            .ignored("nothing reads it"), "processor_class", "_processor_class", "aspect_ratio_setting", "auto_map",
            "_auto_class", "transformers_version"),
        // Old folders keep the processor's settings here.
        all(.ignored("taken from config.json, which says the same"), "patch_size", "vision_feature_select_strategy"),
    ].reduce(into: [:]) { $0.merge($1) { $1 } }

    private static let fast: [String: SettingRule] = [
        all(
            .refused(unless: [.bool(false)], remedy: "write size as an object with height and width"),
            "default_to_square"),
        all(.refused(unless: [], remedy: "padding to a size of its own is not supported; remove it"), "pad_size"),
    ].reduce(into: [:]) { $0.merge($1) { $1 } }

    /// `processor_config.json`.
    static let processor = SettingsTable(
        all(
            .obeyed, "image_processor", "chat_template", "patch_size", "vision_feature_select_strategy",
            "image_seq_length"),
        all(.ignored("a picture's place is the token of image_token_index"), "image_token"),
        all(.ignored("tokens are counted from the picture"), "num_additional_image_tokens"),
        all(
            .ignored("nothing here reads it"), "processor_class", "auto_map", "tokenizer", "transformers_version",
            "video_processor", "audio_tokenizer"))
}
