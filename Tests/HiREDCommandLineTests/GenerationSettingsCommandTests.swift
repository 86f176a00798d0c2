import Foundation
import Testing

/// What the folder's generation settings do to `ask` and `batch`, and what is said of unknown keys.
@Suite struct GenerationSettingsCommandTests {
    /// The demo model through links, as in a cache, with settings of its own.
    private func model(_ generation: String, in scratch: Scratch) throws -> String {
        let folder = scratch.url.appending(path: UUID().uuidString)
        let manager = FileManager.default
        try manager.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in try manager.contentsOfDirectory(atPath: Program.demo) where name != "generation_config.json" {
            try manager.createSymbolicLink(
                atPath: folder.appending(path: name).path, withDestinationPath: "\(Program.demo)/\(name)")
        }
        try Data(generation.utf8).write(to: folder.appending(path: "generation_config.json"))
        return folder.path
    }

    private func ask(_ model: String, _ options: [String] = []) throws -> Program.Outcome {
        try Program.run(
            [
                "ask", model, "--image", "\(Program.demo)/samples/04-sign.png", "--budget", "20%", "--precision", "f32",
                "--max-tokens", "8",
            ] + options + ["What does the sign say?"])
    }

    @Test func theFileIsObeyedOrSwitchedOff() throws {
        let scratch = try Scratch()
        let plain = try ask(Program.demo)
        #expect(plain.status == 0)
        // With a least length above the most, no answer ends: the end is suppressed.
        let long = try model(#"{"eos_token_id": 2, "min_new_tokens": 100, "no_repeat_ngram_size": 1}"#, in: scratch)
        let other = try ask(long)
        #expect(other.status == 0, "\(other.error)")
        #expect(other.output != plain.output)
        #expect(try ask(long, ["--generation-settings", "none"]).output == plain.output)
        // An option wins over the file.
        let drawn = try model(#"{"eos_token_id": 2, "do_sample": true, "temperature": 90.0, "top_k": 0}"#, in: scratch)
        #expect(try ask(drawn, ["--seed", "3"]).output != plain.output)
        #expect(try ask(drawn, ["--temperature", "0"]).output == plain.output)
    }

    @Test func whatIsNotImplementedIsRefusedWithTheOption() throws {
        let scratch = try Scratch()
        let beams = try model(#"{"eos_token_id": 2, "num_beams": 4}"#, in: scratch)
        let outcome = try ask(beams)
        #expect(outcome.status == 65)
        #expect(
            outcome.error == "hired: generation_config.json: num_beams is 4, which is not implemented; remove the key, "
                + "or give --generation-settings none\n")
        #expect(try ask(beams, ["--generation-settings", "none"]).status == 0)
        #expect(try ask(beams, ["--generation-settings", "some"]).status == 64)
    }

    @Test func unknownKeysAreNamedOnce() throws {
        let scratch = try Scratch()
        let folder = try model(#"{"eos_token_id": 2, "future": 4}"#, in: scratch)
        let outcome = try ask(folder)
        #expect(outcome.status == 0)
        #expect(
            outcome.error == "hired: settings that are not known here are passed over: generation_config.json: future\n"
        )
        let inspected = try Program.run(["inspect", folder])
        #expect(inspected.output.contains("passed over: generation_config.json: future"))
    }
}
