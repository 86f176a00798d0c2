import Checkpoints
import Foundation
import HiRED
import ModelImport
import Testing

@testable import HiREDInference

/// What a folder's `generation_config.json` asks for, from the file to the answer.
@Suite struct GenerationSettingsTests {
    /// A copy of a tiny checkpoint with files of one's own.
    private func checkpoint(_ files: [String: String], in scratch: Scratch) throws -> (URL, ParityFixture) {
        let fixture = try ParityFixture("next-mha")
        let folder = scratch.url.appending(path: UUID().uuidString)
        try FileManager.default.copyItem(at: fixture.checkpoint, to: folder)
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        return (folder, fixture)
    }

    private func load(_ url: URL, _ settings: GenerationSettings = .file) throws -> VisionLanguageModel {
        var options = VisionLanguageModel.Options()
        options.compilation.precision = .f32
        options.generationSettings = settings
        return try VisionLanguageModel(contentsOf: url, options: options)
    }

    private func answer(_ model: VisionLanguageModel, _ fixture: ParityFixture, prompt: String? = nil) async throws
        -> GenerationResult
    {
        let test = try #require(fixture.reference.cases.first)
        let request = GenerationRequest(
            .raw(prompt ?? test.prompt), images: test.images.map { .file(fixture.images.appending(path: $0)) },
            selection: SelectionOptions(), sampling: model.defaultSampling, maximumTokens: 12)
        var result: GenerationResult?
        for try await case .finished(let finished) in model.generate(request) { result = finished }
        return try #require(result)
    }

    @Test func drawingCountsOnlyWhereItIsAskedFor() throws {
        let scratch = try Scratch()
        func defaults(_ text: String) throws -> SamplingOptions {
            let folder = try checkpoint(["generation_config.json": text], in: scratch).0
            return try SamplingOptions(defaultsOf: ModelDescription(contentsOf: folder).generation)
        }
        let values = #""temperature": 0.5, "top_k": 7, "top_p": 0.25, "min_p": 0.125, "repetition_penalty": 1.5"#
        let greedy = try defaults("{\(values)}")
        #expect((greedy.temperature, greedy.topK, greedy.topP, greedy.minP) == (0, nil, 1, 0))
        #expect(greedy.repetitionPenalty == 1.5)
        let drawn = try defaults(#"{"do_sample": true, \#(values)}"#)
        #expect((drawn.temperature, drawn.topK, drawn.topP, drawn.minP) == (0.5, 7, 0.25, 0.125))
        #expect(try defaults(#"{"do_sample": true}"#).topK == 50)
        #expect(try defaults(#"{"do_sample": true, "top_p": 0}"#).topP > 0)
        let rules = try defaults(
            """
            {"suppress_tokens": [5], "begin_suppress_tokens": [6], "bad_words_ids": [[7, 8]], "min_new_tokens": 3,
             "min_length": 4, "no_repeat_ngram_size": 2, "stop_strings": ["END"]}
            """)
        #expect((rules.suppressedTokens, rules.beginSuppressedTokens, rules.forbiddenWords) == ([5], [6], [[7, 8]]))
        #expect((rules.minimumTokens, rules.minimumLength, rules.noRepeatRunLength) == (3, 4, 2))
        #expect(rules.stop == ["END"])
    }

    /// What the answer begins with is suppressed, and answers otherwise; without the settings it is what it was.
    @Test func settingsReachTheAnswer() async throws {
        let scratch = try Scratch()
        let (plain, fixture) = try checkpoint([:], in: scratch)
        let whole = try await answer(load(plain), fixture).tokens
        let first = try #require(whole.first)
        for key in ["suppress_tokens", "begin_suppress_tokens"] {
            let (folder, _) = try checkpoint(
                ["generation_config.json": #"{"eos_token_id": 2, "\#(key)": [\#(first)]}"#], in: scratch)
            let other = try await answer(load(folder), fixture).tokens
            #expect(other.first != first, "\(key)")
            if key == "suppress_tokens" { #expect(!other.contains(first)) }
            #expect(try await answer(load(folder, .none), fixture).tokens == whole)
        }
        // Every token may come once.
        let (once, _) = try checkpoint(
            ["generation_config.json": #"{"eos_token_id": 2, "no_repeat_ngram_size": 1}"#], in: scratch)
        let distinct = try await answer(load(once), fixture).tokens
        #expect(Set(distinct).count == distinct.count)
        // An answer that would end at once goes on.
        let ends = #""eos_token_id": [2, \#(first)]"#
        let (short, _) = try checkpoint(["generation_config.json": "{\(ends)}"], in: scratch)
        #expect(try await answer(load(short), fixture).tokens == [first])
        let (long, _) = try checkpoint(["generation_config.json": #"{\#(ends), "min_new_tokens": 4}"#], in: scratch)
        let tokens = try await answer(load(long), fixture).tokens
        #expect(tokens.count >= 4)
        #expect(!tokens.prefix(3).contains(first))
    }

    @Test func whatIsNotImplementedKeepsTheModelFromLoading() async throws {
        let scratch = try Scratch()
        let (folder, fixture) = try checkpoint(
            ["generation_config.json": #"{"eos_token_id": 2, "num_beams": 4}"#], in: scratch)
        let error = #expect(throws: CheckpointError.self) { try load(folder) }
        #expect(error?.problem == "num_beams is 4, which is not implemented")
        #expect(error?.advice == .anyOf([.advice("remove the key"), .give(.generationSettings, "none")]))
        #expect(try await !answer(load(folder, .none), fixture).tokens.isEmpty)
        // An imported folder keeps the file.
        let destination = scratch.url.appending(path: "imported")
        try ModelImporter(options: ModelImporter.Options(), createdBy: "test")
            .run(CheckpointFolder.open(folder), to: destination)
        #expect(throws: CheckpointError.self) { try load(destination) }
    }

    /// The table of the tiny checkpoint has 522 rows.
    @Test func tokensBeyondTheTableAreRefused() async throws {
        let scratch = try Scratch()
        let (folder, fixture) = try checkpoint([:], in: scratch)
        let file = folder.appending(path: "tokenizer.json")
        var tokenizer = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        var added = try #require(tokenizer["added_tokens"] as? [[String: Any]])
        var token = try #require(added.last)
        (token["id"], token["content"]) = (522, "<beyond>")
        added.append(token)
        tokenizer["added_tokens"] = added
        try JSONSerialization.data(withJSONObject: tokenizer).write(to: file)
        let model = try load(folder)
        let prompt = try #require(fixture.reference.cases.first).prompt
        #expect(try await !answer(model, fixture).tokens.isEmpty)
        do {
            _ = try await answer(model, fixture, prompt: prompt + "<beyond>")
            Issue.record("it should be refused")
        } catch let error as InferenceError {
            #expect("\(error)".contains("the token 522, \"<beyond>\", and the model's table has 522 tokens"))
        }
        // A picture's place beyond the table is refused before anything is loaded.
        let config = folder.appending(path: "config.json")
        let text = try String(contentsOf: config, encoding: .utf8)
        try Data(text.replacingOccurrences(of: ": 520,", with: ": 522,").utf8).write(to: config)
        let error = #expect(throws: InferenceError.self) { try load(folder) }
        #expect(error.map { "\($0)".contains("its image token is 522, and its table has 522 tokens") } == true)
    }

    /// As a Hugging Face cache keeps them: every file of a model is a link.
    @Test func modelsAreReadThroughLinks() async throws {
        let scratch = try Scratch()
        let manager = FileManager.default
        let (folder, fixture) = try checkpoint([:], in: scratch)
        let destination = scratch.url.appending(path: "imported")
        try ModelImporter(options: ModelImporter.Options(), createdBy: "test")
            .run(CheckpointFolder.open(folder), to: destination)
        for url in [folder, destination] {
            let links = scratch.url.appending(path: url.lastPathComponent + "-links")
            try manager.createDirectory(at: links, withIntermediateDirectories: true)
            for name in try manager.contentsOfDirectory(atPath: url.path) {
                try manager.createSymbolicLink(
                    atPath: links.appending(path: name).path, withDestinationPath: "../\(url.lastPathComponent)/\(name)"
                )
            }
            let outer = scratch.url.appending(path: url.lastPathComponent + "-link")
            try manager.createSymbolicLink(atPath: outer.path, withDestinationPath: links.path)
            for place in [links, outer] {
                #expect(try await answer(load(place), fixture).tokens == answer(load(url), fixture).tokens)
            }
        }
        // And imported again through them.
        let again = scratch.url.appending(path: "again")
        let links = scratch.url.appending(path: folder.lastPathComponent + "-links")
        try ModelImporter(options: ModelImporter.Options(), createdBy: "test")
            .run(CheckpointFolder.open(links), to: again)
        #expect(try await answer(load(again), fixture).tokens == answer(load(destination), fixture).tokens)
    }
}
