import OrderedJSON

/// What is done with each key of the files that a tokenizer is read from. A key that stands nowhere here is not refused,
/// as newer files carry ever more of them, but named to whoever loads the tokenizer.
enum TokenizerKeys {
    enum Use: String, CaseIterable {
        /// Changes ids, and does so here.
        case obeyed
        /// Refused, by name, at any value but the one that changes nothing.
        case refused
        /// Changes no ids of a prompt: of training, of batches, of slow tokenizers, or read by another room.
        case ignored
    }

    /// `tokenizer_config.json`, as Transformers 4.57 writes and reads it.
    static let configuration: [String: Use] = table([
        .obeyed:
            "tokenizer_class add_bos_token add_eos_token bos_token eos_token unk_token sep_token pad_token cls_token "
            + "mask_token additional_special_tokens extra_special_tokens added_tokens_decoder",
        .refused: "split_special_tokens add_prefix_space",
        // Of what is written, not of what is read: an answer's text is given as the model wrote it.
        .ignored: "clean_up_tokenization_spaces spaces_between_special_tokens errors "
            // Read by other rooms.
            + "chat_template image_token image_token_id video_token audio_token boi_token eoi_token image_size "
            + "context_image_token start_image_token end_image_token "
            // Of batches, of truncation that nobody asks for, and of warnings.
            + "model_max_length padding_side truncation_side padding truncation max_length stride truncation_strategy "
            + "pad_to_multiple_of pad_token_type_id model_input_names max_len deprecation_warnings verbose return_token_type_ids "
            // Of slow tokenizers, which a tokenizer.json makes unnecessary.
            + "legacy sp_model_kwargs use_fast use_default_system_prompt do_lower_case vocab_file merges_file from_slow "
            + "is_local remove_space keep_accents do_basic_tokenize never_split tokenize_chinese_chars strip_accents "
            // Of code completion by CodeLlama.
            + "prefix_token middle_token suffix_token eot_token fill_token suffix_first "
            // About the file.
            + "name_or_path special_tokens_map_file tokenizer_file processor_class auto_map device_map trust_remote_code "
            + "transformers_version backend local_files_only model_specific_special_tokens _commit_hash init_inputs added_tokens_file",
    ])

    /// `tokenizer.json`: its own keys, those of its model and of its added tokens.
    static let file: [String: Use] = table([
        .obeyed: "added_tokens normalizer pre_tokenizer post_processor decoder model",
        // Transformers switches both off.
        .ignored: "version truncation padding",
    ])
    static let model: [String: Use] = table([
        .obeyed: "type unk_token fuse_unk byte_fallback ignore_merges vocab merges",
        .refused: "dropout continuing_subword_prefix end_of_word_suffix",
    ])
    static let addedToken: [String: Use] = table([
        .obeyed: "id content single_word lstrip rstrip normalized special"
    ])

    /// Keys of normalizers, pre-tokenizers, post-processors and decoders, by their type.
    static let components: [String: [String: Use]] = [
        "Sequence": table([.obeyed: "type normalizers pretokenizers processors decoders"]),
        "Prepend": table([.obeyed: "type prepend"]),
        "Replace": table([.obeyed: "type pattern content"]),
        "NFC": table([.obeyed: "type"]), "NFD": table([.obeyed: "type"]), "NFKC": table([.obeyed: "type"]),
        "NFKD": table([.obeyed: "type"]), "Lowercase": table([.obeyed: "type"]),
        "Strip": table([.obeyed: "type strip_left strip_right content start stop"]),
        // The mark as a character, in older files.
        "Metaspace": table([.obeyed: "type replacement prepend_scheme add_prefix_space split", .ignored: "str_rep"]),
        // Offsets are not given out.
        "ByteLevel": table([.obeyed: "type add_prefix_space use_regex", .ignored: "trim_offsets"]),
        "Split": table([.obeyed: "type pattern behavior invert"]),
        "Digits": table([.obeyed: "type individual_digits"]),
        // Prompts are single texts.
        "TemplateProcessing": table([.obeyed: "type single special_tokens", .ignored: "pair"]),
        "ByteFallback": table([.obeyed: "type"]), "Fuse": table([.obeyed: "type"]),
    ]

    private static func table(_ lists: [Use: String]) -> [String: Use] {
        var table: [String: Use] = [:]
        for (use, names) in lists {
            for name in names.split(separator: " ") { table[String(name)] = use }
        }
        return table
    }

    /// The keys of a `tokenizer.json` that stand in no table, each once, with the way to them.
    ///
    /// - Parameters:
    ///   - file: without its vocabulary and merges.
    ///   - model: its model.
    static func unknown(in file: JSONObject, model: JSONObject) -> [String] {
        var found: [String] = []
        func look(_ object: JSONObject, _ table: [String: Use], _ way: String) {
            for (key, _) in object where table[key] == nil {
                let name = way + key
                if !found.contains(name), found.count < 100 { found.append(name) }
            }
        }
        func lookInside(_ value: JSONValue?, _ way: String) {
            guard case .object(let object)? = value, case .string(let type)? = object["type"] else { return }
            // One of another type is refused where it is made.
            if let table = components[type] { look(object, table, "\(way).\(type).") }
            for key in ["normalizers", "pretokenizers", "processors", "decoders"] {
                guard case .array(let parts)? = object[key] else { continue }
                for part in parts { lookInside(part, way) }
            }
        }
        look(file, Self.file, "")
        look(model, Self.model, "model.")
        if case .array(let tokens)? = file["added_tokens"] {
            for case .object(let token) in tokens { look(token, addedToken, "added_tokens.") }
        }
        for way in ["normalizer", "pre_tokenizer", "post_processor", "decoder"] { lookInside(file[way], way) }
        return found
    }

    static func unknown(inConfiguration values: JSONObject) -> [String] {
        values.map { $0.0 }.filter { configuration[$0] == nil }
    }
}
