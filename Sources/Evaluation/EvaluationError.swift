package import Failures

/// What makes an evaluation impossible.
package enum EvaluationError: Error, Equatable {
    case unknownTask(String)
    case missingData(path: String)
    /// A line of a data set: file and line, and what is wrong.
    case badSample(String, String)
    case badConfiguration(String, remedy: String)
    /// A folder holds answers of another run.
    case otherRun(path: String, difference: String)
    case damagedLog(path: String, line: Int)
    case cannotWrite(path: String, reason: String)
    case server(String, remedy: String)
}

extension EvaluationError: Failure {
    package var kind: FailureKind {
        switch self {
        case .unknownTask, .badConfiguration, .otherRun: .invalidRequest
        case .missingData: .notFound
        case .badSample, .damagedLog: .damagedFile
        case .cannotWrite: .cannotWrite
        case .server: .internal
        }
    }

    package var subject: FailureSubject? {
        switch self {
        case .unknownTask: .named("task")
        case .missingData(let path), .otherRun(let path, _), .cannotWrite(let path, _), .damagedLog(let path, _):
            .file(path)
        case .badSample(let place, _): .named(place)
        case .badConfiguration: nil
        case .server: .named("the server")
        }
    }

    package var problem: String {
        switch self {
        case .unknownTask(let name): "'\(name)' is unknown"
        case .missingData: "there is no data here"
        case .badSample(_, let problem): problem
        case .badConfiguration(let problem, _): problem
        case .otherRun(_, let difference): "holds answers of another run: \(difference)"
        case .damagedLog(_, let line): "line \(line) is not one that this program wrote"
        case .cannotWrite(_, let reason): "cannot be written: \(reason)"
        case .server(let problem, _): problem
        }
    }

    package var remedy: Remedy? {
        switch self {
        case .unknownTask:
            .advice("give one of " + EvaluationTask.allCases.map(\.rawValue).joined(separator: ", "))
        case .missingData:
            .advice(
                "give a folder with TASK.jsonl, as tools/datasets/convert.py writes it, or with questions.jsonl for demo, "
                    + "as tools/demo-model/evaluate.py does")
        case .badSample: .advice("mend the line, or convert the data set again")
        case .badConfiguration(_, let remedy): .advice(remedy)
        case .otherRun: .advice("give another folder, or remove this one")
        case .damagedLog: .advice("remove the folder and run again")
        case .cannotWrite: .advice("give another folder")
        case .server(_, let remedy): .advice(remedy)
        }
    }
}
