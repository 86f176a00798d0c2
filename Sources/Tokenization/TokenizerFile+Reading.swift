import OrderedJSON

extension TokenizerFile {
    /// The largest known, of 256,000 tokens, takes about 35 MB and 2 million values.
    static let limits = JSONLimits(bytes: 128 << 20, values: 8 << 20)

    /// Reads the file's text. Vocabulary and merges, which are nearly all of it, go straight into their lists.
    ///
    /// - Parameter path: what errors call the file.
    /// - Complexity: O(n).
    init(json: [UInt8], path: String) throws(TokenizerError) {
        do {
            var reader = try JSONReader(json, limits: Self.limits)
            var file = JSONObject()
            var model = JSONObject()
            var vocabulary: [(text: String, id: Int)]?
            var merges: [(left: String, right: String)]?
            try reader.object { (reader, key) throws(JSONError) in
                guard key == "model", reader.nextKind == .object else {
                    file.append(key, try reader.value())
                    return
                }
                try reader.object { (reader, key) throws(JSONError) in
                    switch (key, reader.nextKind) {
                    case ("vocab", .object): vocabulary = try Self.vocabulary(&reader)
                    case ("merges", .array): merges = try Self.merges(&reader)
                    default: model.append(key, try reader.value())
                    }
                }
                file.append(key, .object(model))
            }
            try reader.end()
            self = try JSONValue.object(file).decoded()
            self.model.vocabulary = vocabulary
            self.model.merges = merges
            unknownKeys = TokenizerKeys.unknown(in: file, model: model)
        } catch let error as JSONError {
            throw .malformed(path: path, reason: error.problem)
        } catch let error as DecodingError {
            throw .malformed(path: path, reason: JSONError.problem(of: error))
        } catch {
            throw .malformed(path: path, reason: "\(error)")
        }
    }

    private static func vocabulary(_ reader: inout JSONReader) throws(JSONError) -> [(text: String, id: Int)] {
        var vocabulary: [(text: String, id: Int)] = []
        // Whoever makes a table of it finds tokens given twice.
        try reader.object(checksKeys: false) { (reader, text) throws(JSONError) in
            vocabulary.append((text, try reader.integer()))
        }
        return vocabulary
    }

    private static func merges(_ reader: inout JSONReader) throws(JSONError) -> [(left: String, right: String)] {
        var merges: [(left: String, right: String)] = []
        try reader.array { (reader) throws(JSONError) in merges.append(try merge(&reader)) }
        return merges
    }

    /// Older files write "a b", newer ones ["a", "b"].
    private static func merge(_ reader: inout JSONReader) throws(JSONError) -> (left: String, right: String) {
        let place = reader
        func twoParts() -> JSONError {
            var place = place
            return place.mismatch("a merge needs two parts")
        }
        guard reader.nextKind == .array else {
            // Bytes: the second part may begin with a mark that joins the space to one character.
            let parts = try reader.string().utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw twoParts() }
            return (String(Substring(parts[0])), String(Substring(parts[1])))
        }
        var (left, right): (String?, String?)
        try reader.array { (reader) throws(JSONError) in
            let part = try reader.string()
            switch (left, right) {
            case (nil, _): left = part
            case (_, nil): right = part
            default: throw twoParts()
            }
        }
        guard let left, let right else { throw twoParts() }
        return (left, right)
    }
}
