import Foundation
import OrderedJSON
import Testing

@testable import Evaluation

/// Prompts and metrics against lmms-eval's own functions and an independent statement of its older version
/// (tools/fixtures/metrics.py).
@Suite struct MetricTests {
    struct Row: Sendable {
        var sample: [UInt8]
        var answers: [String]
        var paper, current: [Double]
    }

    /// The file's rows of a task.
    static func rows(_ task: EvaluationTask) throws -> [Row] {
        guard let tasks = try document()["tasks"] as? [String: Any], let rows = tasks[task.rawValue] as? [[String: Any]]
        else { throw CocoaError(.fileReadCorruptFile) }
        return try rows.map { row in
            Row(
                sample: Array(try JSONSerialization.data(withJSONObject: try #require(row["sample"]))),
                answers: try #require(row["answers"] as? [String]),
                paper: try #require(row["paper"] as? [NSNumber]).map(\.doubleValue),
                current: try #require(row["current"] as? [NSNumber]).map(\.doubleValue))
        }
    }

    static func document() throws -> [String: Any] {
        let url = try #require(Bundle.module.resourceURL).appending(path: "Fixtures/metrics.json")
        return try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
    }

    @Test(arguments: EvaluationTask.benchmarks) func scoresEqualTheReference(task: EvaluationTask) throws {
        var compared = 0
        for (number, row) in try Self.rows(task).enumerated() {
            let sample = try task.sample(row.sample, index: number, place: "row \(number)")
            for (place, answer) in row.answers.enumerated() {
                for (version, expected) in [(MetricVersion.paper, row.paper), (.current, row.current)] {
                    let value = task.score(answer, sample, version).value
                    #expect(
                        abs(value - expected[place]) < 1e-12,
                        "\(version) of \(answer.debugDescription) for \(sample.answers): \(value)")
                }
                compared += 1
            }
        }
        #expect(compared >= 500)
    }

    @Test func totalsEqualTheReference() throws {
        let totals = try #require(try Self.document()["totals"] as? [[String: [String: NSNumber]]])
        for (column, expected) in totals.enumerated() {
            for task in [EvaluationTask.mme, .pope] {
                let rows = try Self.rows(task).dropLast()
                let samples = try rows.enumerated().map {
                    try task.sample($1.sample, index: $0, place: "row \($0)")
                }
                let scores = zip(rows, samples).map { task.score($0.answers[column], $1, .current) }
                let found = task.totals(samples, scores)
                let values = try #require(expected[task.rawValue]).mapValues(\.doubleValue)
                func part(_ name: String) throws -> Double {
                    try #require(found.parts.first { $0.name == name }).value
                }
                switch task {
                case .mme:
                    #expect(abs(found.score - (values["mme_perception_score"] ?? -1)) < 1e-9)
                    #expect(abs(try part("cognition") - (values["mme_cognition_score"] ?? -1)) < 1e-9)
                    #expect(found.low <= found.score && found.score <= found.high)
                default:
                    #expect(abs(found.score - 100 * (values["accuracy"] ?? -1)) < 1e-9)
                    for (name, key) in [
                        ("precision", "precision"), ("recall", "recall"), ("F1", "f1_score"),
                        ("yes ratio", "yes_ratio"),
                    ] { #expect(abs(try part(name) - 100 * (values[key] ?? -1)) < 1e-9) }
                }
            }
        }
    }

    @Test func promptsAreThoseOfTheBenchmarks() throws {
        func prompt(_ task: EvaluationTask, _ json: String) throws -> String {
            task.prompt(try task.sample(Array(json.utf8), index: 0, place: "line 1"))
        }
        let suffix = "\nAnswer the question using a single word or phrase."
        #expect(
            try prompt(.vqav2, #"{"image":"a","question":"What is it?","answers":[{"answer":"x","answer_id":1}]}"#)
                == "What is it?" + suffix)
        #expect(
            try prompt(.textvqa, #"{"image":"a","question":"what is the IBM ÉTAT?","answers":["x"]}"#)
                == "What is the ibm état?" + suffix)
        #expect(try prompt(.docvqa, #"{"image":"a","question":" q ","answers":["x"]}"#) == " q " + suffix)
        #expect(
            try prompt(.chartqa, #"{"image":"a","question":"q","answer":"1","type":"human_test"}"#)
                == "q\nAnswer the question with a single word.")
        #expect(
            try prompt(.ocrbench, #"{"image":"a","question":" q\n","answer":["1"],"question_type":"k","dataset":"d"}"#)
                == "q")
        #expect(
            try prompt(
                .mme,
                #"{"image":"a","question":"Is it? Please answer yes or no.","answer":"Yes","category":"OCR","question_id":"1"}"#
            ) == "Is it?" + suffix)
        #expect(try prompt(.pope, #"{"image":"a","question":" Is it? ","answer":"no"}"#) == "Is it?" + suffix)
        let choices = #""choices":["red","blue"],"answer":1"#
        #expect(
            try prompt(.scienceqa, #"{"image":"a","question":"Which?","hint":"Look.",\#(choices)}"#)
                == "Context: Look.\nWhich?\nA. red\nB. blue\nAnswer with the option's letter from the given choices directly."
        )
        #expect(
            try prompt(.scienceqa, #"{"image":"a","question":"Which?","hint":"",\#(choices)}"#)
                == "Which?\nA. red\nB. blue\nAnswer with the option's letter from the given choices directly.")
    }

    @Test(arguments: [
        (EvaluationTask.vqav2, #"{"image":"a","question":"q"}"#),
        (.vqav2, #"{"image":"a","question":"q","answers":[]}"#),
        (.pope, #"{"image":"a","question":"q","answer":"maybe"}"#),
        (.mme, #"{"image":"a","question":"q","answer":"Yes"}"#),
        (.scienceqa, #"{"image":"a","question":"q","answer":2,"choices":["x","y"]}"#),
        (.scienceqa, #"{"image":"a","question":"q","answer":-1,"choices":["x","y"]}"#),
        (.scienceqa, #"{"image":"a","question":"q","answer":"A","choices":["x"]}"#),
        (.chartqa, #"{"image":"a","question":"q","answer":["1","2"]}"#), (.chartqa, #"{"question":"q","answer":"1"}"#),
        (.ocrbench, #"{"image":"a","question":"q","answer":["1"]}"#), (.textvqa, "[]"), (.textvqa, "{"),
        (.questions, #"{"image":"a","question":"q","kind":"word"}"#),
        (.questions, #"{"image":"a","question":"q","answer":[]}"#),
        (.docvqa, #"{"image":7,"question":"q","answers":["x"]}"#),
    ])
    func linesThatCannotBeUsedNameTheirPlace(task: EvaluationTask, line: String) {
        let error = #expect(throws: EvaluationError.self) {
            try task.sample(Array(line.utf8), index: 0, place: "file, line 7")
        }
        #expect(error.map { "\($0)" }?.hasPrefix("file, line 7 ") == true)
    }

    /// Exact match but for the space around it; a number on the line is the text of it.
    @Test func questionsAreAskedAsWrittenAndAnsweredExactly() throws {
        let task = EvaluationTask.questions
        let sample = try task.sample(
            Array(#"{"image":"a","kind":"receipt","question":" How much? ","answer":"TEA 4.20"}"#.utf8), index: 3,
            place: "line 4")
        #expect(task.prompt(sample) == " How much? ")
        #expect((sample.index, sample.group, sample.answers) == (3, "receipt", ["TEA 4.20"]))
        func worth(_ answer: String, _ version: MetricVersion = .paper) -> Double {
            task.score(answer, sample, version).value
        }
        #expect(worth("TEA 4.20") == 1 && worth(" TEA 4.20\n", .current) == 1)
        #expect(worth("tea 4.20") == 0 && worth("TEA  4.20") == 0 && worth("TEA 4.2") == 0 && worth("") == 0)
        let number = try task.sample(Array(#"{"image":"a","question":"q","answer":7}"#.utf8), index: 0, place: "line 1")
        #expect(number.answers == ["7"] && number.group.isEmpty)
        let several = try task.sample(
            Array(#"{"image":"a","question":"q","answer":["x","y"]}"#.utf8), index: 0, place: "line 1")
        #expect(["x", "y", "z"].map { task.score($0, several, .paper).value } == [1, 1, 0])
    }

    @Test func tasksGoByBothNames() throws {
        #expect(try EvaluationTask(parsing: "vqav2") == .vqav2)
        #expect(try EvaluationTask(parsing: "scienceqa_img") == .scienceqa)
        #expect(throws: EvaluationError.unknownTask("gqa")) { try EvaluationTask(parsing: "gqa") }
    }
}
