package import Foundation

/// A task's questions: `TASK.jsonl` in a folder, with pictures beside it.
package struct EvaluationData: Sendable {
    package let task: EvaluationTask
    /// What the pictures' paths are relative to.
    package let folder: URL
    let samples: [Sample]

    package var count: Int { samples.count }

    /// - Parameters:
    ///   - folder: holds `TASK.jsonl`.
    ///   - limit: questions that are taken, from the first on; MME's belong together in pairs, and pairs stay whole.
    /// - Throws: `EvaluationError.missingData`, `.badSample`.
    package init(_ task: EvaluationTask, in folder: URL, limit: Int? = nil) throws(EvaluationError) {
        let file = folder.appending(path: "\(task.rawValue).jsonl")
        guard let data = try? Data(contentsOf: file) else { throw .missingData(path: file.path) }
        var samples: [Sample] = []
        var number = 0
        for line in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            guard line.contains(where: { !Array(" \t\r".utf8).contains($0) }) else { continue }
            if let limit, samples.count >= (task == .mme ? (limit + 1) / 2 * 2 : limit) { break }
            samples.append(
                try task.sample(Array(line), index: samples.count, place: "\(file.path), line \(number)"))
        }
        guard !samples.isEmpty else { throw .missingData(path: file.path) }
        (self.task, self.folder, self.samples) = (task, folder, samples)
    }

    func picture(_ sample: Sample) -> URL {
        sample.image.hasPrefix("/") ? URL(fileURLWithPath: sample.image) : folder.appending(path: sample.image)
    }
}
