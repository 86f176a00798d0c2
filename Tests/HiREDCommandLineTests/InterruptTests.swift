import Foundation
import Testing

/// A folder of gigabytes, stopped while it is written.
@Suite struct InterruptTests {
    @Test(arguments: [SIGINT, SIGTERM])
    func aStoppedSynthesisLeavesNothing(_ number: Int32) throws {
        let scratch = try Scratch()
        // Its temporary files too are looked for here.
        let arguments = ["bench", "synthesize", "--like", "llava-v1.6-vicuna-7b", scratch.path("model")]
        let outcome = try Program.run(arguments, environment: ["TMPDIR": scratch.url.path]) { process in
            // Signals count once the weights are under way.
            let weights = scratch.path("model.partial/openvino_language_model.bin")
            while process.isRunning, !FileManager.default.fileExists(atPath: weights) { usleep(20_000) }
            usleep(500_000)
            kill(process.processIdentifier, number)
        }
        // A full disk is refused before anything is written; that is not what this is about.
        guard outcome.status != 73 else { return #expect(outcome.error.contains("MB free")) }
        #expect(outcome.status == 130, "\(outcome.error)")
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.split(separator: "\n").count == 1, "\(outcome.error)")
        #expect(scratch.names.isEmpty)
    }
}
