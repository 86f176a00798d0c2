import Checkpoints
import Foundation
import HiRED
import HiREDInference
import OpenVINO
import Reporting

/// What `hired bench` prints.
struct BenchReport: Encodable {
    struct Row: Encodable {
        var batch: Int
        var budget: String
        var refused: String?
        var promptTokens = 0
        var imageTokens = 0
        /// Generated tokens of all requests by the whole time.
        var tokensPerSecond = Spread([])
        /// Of the request that waited longest.
        var ttftMs = Spread([])
        /// Of one request, by stage.
        var stagesMs: [String: Double] = [:]
        /// Tokens a second of all requests together, after their first ones.
        var decodeTokensPerSecond = Spread([])
        var kvBytes = 0
        var anonymousBytes = 0
        /// Against `full` of the same batch, where it was measured.
        var speedup: Double?
        var ttftRatio: Double?
        var kvRatio: Double?
        /// Milliseconds of the bare compiled language model for the same prompt in the same rounds, in one step.
        var barePrefillMs = Spread([])
        /// Ours by that: 1.05 is 5 % lost around the runtime. Only where one request runs.
        var prefillOverBare: Double?
        var prefillGflops = 0.0
        /// Of the rate of one large matrix product, measured in the same rounds.
        var prefillOfProduct: Double?
        var visionGflops = 0.0
        /// Weights, and keys and values, that one step of decoding reads.
        var decodeBytes = 0
        var decodeGigabytesPerSecond = 0.0
        /// Milliseconds of a bare step of decoding.
        var bareDecodeMs = Spread([])
        /// The bound: tokens a second of the bare compiled language model for the same prompts, read one after the
        /// other, and the same steps of decoding; pictures cost it nothing.
        var bareTokensPerSecond: Double?
        /// Ours by that. What is missing to 1 is the vision tower's work and what is lost around the runtime.
        var ofBare: Double?
    }

    /// What was asked of the model.
    struct Conditions: Encodable {
        /// Of the protocol; nil without one.
        var name: String?
        var picture: String
        var newTokens: Int
        var runs: Int
    }

    var conditions: Conditions?
    var model: String
    var machine: [String: String]
    var loadMs: Double
    var peakBytes: Int
    var rows: [Row]
    var productGflops: Spread
    var bareVisionMs: [String: Spread]
}

extension Bench {
    func report() async throws -> BenchReport {
        let operations = ModelOperations(model.description.config)
        var rows = cases.map { row($0, operations) }
        for place in rows.indices {
            guard let full = rows.first(where: { $0.batch == rows[place].batch && $0.budget == "full" }),
                full.refused == nil, rows[place].refused == nil, full.tokensPerSecond.median > 0
            else { continue }
            rows[place].speedup = rows[place].tokensPerSecond.median / full.tokensPerSecond.median
            rows[place].ttftRatio = rows[place].ttftMs.median / full.ttftMs.median
            rows[place].kvRatio = Double(rows[place].kvBytes) / Double(max(full.kvBytes, 1))
        }
        var machine = try Machine.describe()
        machine.merge(model.runtimeProperties.language) { $1 }
        return BenchReport(
            model: model.description.url.lastPathComponent, machine: machine, loadMs: model.loadMilliseconds,
            peakBytes: MemoryUsage.current().peakResident, rows: rows,
            productGflops: Spread(runtime.productRates.map { $0 / 1e9 }),
            bareVisionMs: Dictionary(
                uniqueKeysWithValues: runtime.vision.map { ("\($0.key) views", Spread($0.value)) }))
    }

    private func row(_ item: Case, _ operations: ModelOperations) -> BenchReport.Row {
        var row = BenchReport.Row(batch: item.batch, budget: "\(item.budget)", refused: refused[item])
        guard let samples = samples[item], let result = samples.first?.results.first else { return row }
        let results = samples.flatMap(\.results)
        row.promptTokens = result.promptTokens
        row.imageTokens = result.images.reduce(0) { $0 + $1.kept }
        row.tokensPerSecond = Spread(samples.map { Double(item.batch * maximumTokens) / $0.seconds })
        row.ttftMs = Spread(samples.map { $0.results.map(\.timings.timeToFirstToken).max() ?? 0 })
        row.decodeTokensPerSecond = Spread(
            samples.map { sample in
                let longest = sample.results.map(\.timings.decode).max() ?? 0
                return longest > 0 ? Double(item.batch * (maximumTokens - 1)) / (longest / 1000) : 0
            })
        let stages: [(String, KeyPath<Timings, Double>)] = [
            ("decode_image", \.images.decode), ("preprocess", \.images.preprocess), ("vision", \.images.vision),
            ("select", \.images.select),
            ("project", \.images.project), ("prefill", \.prefill), ("decode", \.decode),
        ]
        for (name, path) in stages { row.stagesMs[name] = Spread(results.map { $0.timings[keyPath: path] }).median }
        row.kvBytes = samples.map { $0.results.reduce(0) { $0 + $1.cacheBytes } }.max() ?? 0
        row.anonymousBytes = samples.map(\.anonymousBytes).max() ?? 0
        if let prefill = row.stagesMs["prefill"], prefill > 0, item.batch == 1 {
            row.prefillGflops = operations.prefill(tokens: result.promptTokens) / prefill / 1e6
            row.barePrefillMs = Spread(runtime.prefill[result.promptTokens] ?? [])
            if row.barePrefillMs.median > 0 { row.prefillOverBare = prefill / row.barePrefillMs.median }
            let product = Spread(runtime.productRates).median / 1e9
            if product > 0 { row.prefillOfProduct = row.prefillGflops / product }
        }
        let shape = RuntimeMeasurement.DecodeShape(batch: item.batch, context: result.promptTokens)
        row.bareDecodeMs = Spread(runtime.decode[shape] ?? [])
        let bareMs =
            Double(item.batch) * Spread(runtime.prefill[result.promptTokens] ?? []).median
            + Double(maximumTokens - 1) * row.bareDecodeMs.median
        if bareMs > 0 {
            let rate = 1000 * Double(item.batch * maximumTokens) / bareMs
            (row.bareTokensPerSecond, row.ofBare) = (rate, row.tokensPerSecond.median / rate)
        }
        row.decodeBytes = model.languageWeightBytes + row.kvBytes
        row.decodeGigabytesPerSecond =
            row.decodeTokensPerSecond.median / Double(item.batch) * Double(row.decodeBytes) / 1e9
        let views = result.images.reduce(0) { $0 + $1.selection.allocation.budgets.count { $0 > 0 } }
        if let vision = row.stagesMs["vision"], vision > 0 {
            row.visionGflops = Double(max(views, 1)) * operations.visionPerView / vision / 1e6
        }
        return row
    }
}

extension BenchReport {
    var text: String {
        var lines = [
            "\(model): " + machine.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        ]
        lines.append("loaded in \(Int(loadMs)) ms; peak resident \(peakBytes / 1_000_000) MB")
        lines.append(
            "batch  budget  prompt  tokens/s            TTFT s   decode/s   GB/s  vision s  prefill s  × bare  KV MB  "
                + "anon MB  × full  prefill, vision GFLOP/s")
        for row in rows {
            if let refused = row.refused {
                lines.append("\(pad(row.batch, 5))  \(pad(row.budget, 6))  refused: \(refused)")
                continue
            }
            let speed = String(
                format: "%.3f (%.3f-%.3f)", row.tokensPerSecond.median, row.tokensPerSecond.least,
                row.tokensPerSecond.most)
            let stages = { (name: String) in (row.stagesMs[name] ?? 0) / 1000 }
            let bare = row.prefillOverBare.map { String(format: "%6.2f", $0) } ?? "     –"
            lines.append(
                "\(pad(row.batch, 5))  \(pad(row.budget, 6))  \(pad(row.promptTokens, 6))  \(pad(speed, 19)) "
                    + String(
                        format: "%7.2f  %8.2f  %5.1f  %8.2f  %9.2f  ", row.ttftMs.median / 1000,
                        row.decodeTokensPerSecond.median, row.decodeGigabytesPerSecond, stages("vision"),
                        stages("prefill")) + bare
                    + String(
                        format: "  %5d  %7d  %6.2f  %.0f, %.0f", row.kvBytes / 1_000_000,
                        row.anonymousBytes / 1_000_000, row.speedup ?? 0, row.prefillGflops, row.visionGflops))
        }
        lines.append(
            String(
                format: "one product of 2048×4096×4096: %.0f GFLOP/s (%.0f-%.0f)", productGflops.median,
                productGflops.least, productGflops.most))
        for (name, spread) in bareVisionMs.sorted(by: { $0.key < $1.key }) {
            lines.append(
                String(
                    format: "bare vision tower, %@: %.1f ms (%.1f-%.1f)", name, spread.median, spread.least,
                    spread.most))
        }
        return lines.joined(separator: "\n")
    }

    private func pad(_ value: some CustomStringConvertible, _ width: Int) -> String {
        let text = value.description
        return text + String(repeating: " ", count: max(width - text.count, 0))
    }
}

/// The machine and the runtime that figures belong to.
enum Machine {
    static func describe() throws -> [String: String] {
        let core = try Core()
        return [
            "processor": try core.property("FULL_DEVICE_NAME").trimmingCharacters(in: .whitespaces),
            "cores": "\(ProcessInfo.processInfo.activeProcessorCount)",
            "runtime": Core.runtimeVersion,
            "capabilities": try core.property("OPTIMIZATION_CAPABILITIES"),
        ]
    }
}
