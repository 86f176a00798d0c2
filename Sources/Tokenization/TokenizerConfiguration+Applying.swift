import OrderedJSON

extension TokenizerConfiguration {
    /// Changes a `tokenizer.json` as Transformers changes it after reading.
    func apply(to file: inout TokenizerFile, path: String) throws(TokenizerError) {
        addTokens(to: &file)
        try applyPrefixSpace(to: &file)
        guard let frame else { return }
        func ids(_ name: String?) throws(TokenizerError) -> [Int] {
            guard let name else { return [] }
            // Just added, if it was not there before.
            guard let id = file.added_tokens?.last(where: { ByteExactString($0.content) == ByteExactString(name) })?.id
            else {
                throw .malformed(path: path, reason: "it has no token '\(name)'")
            }
            return [id]
        }
        file.post_processor = nil
        file.frame = (try ids(frame.begins), try ids(frame.ends))
    }

    private func addTokens(to file: inout TokenizerFile) {
        var added = file.added_tokens ?? []
        var places: [ByteExactString: Int] = [:]
        for (index, token) in added.enumerated() { places[ByteExactString(token.content)] = index }
        var vocabulary: [ByteExactString: Int] = [:]
        for (text, id) in file.model.vocabulary ?? [] { vocabulary[ByteExactString(text)] = id }
        var highest = added.map(\.id).max() ?? -1
        for token in tokens where !token.content.isEmpty {
            var token = token
            let name = ByteExactString(token.content)
            if let place = places[name] {
                guard !token.keepsOlder else { continue }
                token.id = added[place].id
                added[place] = token
                continue
            }
            // The first free id counts the vocabulary's tokens, as there.
            token.id = vocabulary[name] ?? max(highest + 1, vocabulary.count)
            highest = max(highest, token.id)
            places[name] = added.count
            added.append(token)
        }
        file.added_tokens = added
    }

    private func applyPrefixSpace(to file: inout TokenizerFile) throws(TokenizerError) {
        guard isLlama else {
            // A single byte-level pre-tokenizer takes what the settings say, and false where they say nothing.
            if file.pre_tokenizer?.type == "ByteLevel" {
                file.pre_tokenizer?.add_prefix_space = addsPrefixSpace ?? false
            }
            return
        }
        // There this makes the tokenizer anew of its SentencePiece model.
        guard let addsPrefixSpace, addsPrefixSpace != Self.addsSpace(file) else { return }
        throw .unsupported(
            path: path, component: "add_prefix_space = \(addsPrefixSpace), which its tokenizer.json contradicts,",
            supported: "null, or the checkpoint's tokenizer.model without a tokenizer.json")
    }

    private static func addsSpace(_ file: TokenizerFile) -> Bool {
        func adds(_ part: TokenizerFile.Component?) -> Bool {
            guard let part else { return false }
            switch part.type {
            case "Prepend": return part.prepend?.isEmpty == false
            case "Metaspace":
                return (part.prepend_scheme ?? (part.add_prefix_space == false ? "never" : "always")) != "never"
            case "ByteLevel": return part.add_prefix_space ?? true
            default: return ((part.normalizers ?? []) + (part.pretokenizers ?? [])).contains(where: adds)
            }
        }
        return adds(file.normalizer) || adds(file.pre_tokenizer)
    }
}
