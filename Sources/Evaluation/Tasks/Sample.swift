import Foundation
import OrderedJSON

/// One question about one picture: a line of a data set, with the columns as they were published.
struct Sample: Sendable, Equatable {
    /// Within its task, from 0.
    var index: Int
    /// Relative to the data set's folder.
    var image: String
    var question: String
    /// What is right: one of them, or as the annotators say.
    var answers: [String]
    var choices: [String] = []
    var hint = ""
    /// What the metric groups by: a category, a data set, a kind of question.
    var group = ""
    /// Questions of one picture that count together.
    var questionID = ""
    /// OCRBench alone: where the picture comes from.
    var dataset = ""

    static func letter(_ place: Int) -> String {
        String(UnicodeScalar(UInt8(ascii: "A") + UInt8(min(max(place, 0), 25))))
    }
}

/// A line's columns. Numbers and texts are told apart by none of the metrics, so either will do.
private struct Columns: Decodable {
    struct Text: Decodable {
        var value: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int.self) {
                value = String(number)
            } else {
                value = try container.decode(String.self)
            }
        }
    }

    /// One of VQAv2's, or a plain text.
    struct Answer: Decodable {
        var text: String

        private enum CodingKeys: CodingKey { case answer }

        init(from decoder: any Decoder) throws {
            if let container = try? decoder.container(keyedBy: CodingKeys.self) {
                text = try container.decode(String.self, forKey: .answer)
            } else {
                text = try decoder.singleValueContainer().decode(String.self)
            }
        }
    }

    /// A text, several, or a number.
    enum Target: Decodable {
        case texts([String])
        case number(Int)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else if let text = try? container.decode(String.self) {
                self = .texts([text])
            } else {
                self = .texts(try container.decode([String].self))
            }
        }
    }

    var image: String
    var question: String
    var answers: [Answer]?
    var answer: Target?
    var choices: [String]?
    var hint: String?
    var category: String?
    var kind: String?
    var type: String?
    var dataset: String?
    var questionType: String?
    var questionID: Text?

    private enum CodingKeys: String, CodingKey {
        case image, question, answers, answer, choices, hint, category, kind, type, dataset
        case questionType = "question_type"
        case questionID = "question_id"
    }
}

extension EvaluationTask {
    /// A line of a data set's file.
    ///
    /// - Throws: `EvaluationError.badSample` naming file and line.
    func sample(_ line: [UInt8], index: Int, place: String) throws(EvaluationError) -> Sample {
        func wrong(_ problem: String) -> EvaluationError { .badSample(place, problem) }
        let columns: Columns
        do { columns = try JSONValue(parsing: line).decoded(as: Columns.self) } catch let error as JSONError {
            throw wrong(error.problem)
        } catch let error as DecodingError {
            throw wrong(JSONError.problem(of: error))
        } catch { throw wrong("cannot be read") }
        var sample = Sample(
            index: index, image: columns.image, question: columns.question, answers: [],
            choices: columns.choices ?? [], hint: columns.hint ?? "", group: columns.category ?? "",
            questionID: columns.questionID?.value ?? "")
        switch (self, columns.answer) {
        case (.vqav2, _), (.textvqa, _), (.docvqa, _):
            guard let answers = columns.answers, !answers.isEmpty else { throw wrong("has no answers") }
            sample.answers = answers.map(\.text)
        case (.questions, .number(let number)):
            (sample.answers, sample.group) = ([String(number)], columns.kind ?? "")
        case (.questions, .texts(let answers)) where !answers.isEmpty:
            (sample.answers, sample.group) = (answers, columns.kind ?? "")
        case (.scienceqa, .number(let place)):
            guard (0..<26).contains(place), place < sample.choices.count, sample.choices.count <= 26 else {
                throw wrong("has no choice \(place)")
            }
            sample.answers = [Sample.letter(place)]
        case (.ocrbench, .texts(let answers)):
            guard let kind = columns.questionType else { throw wrong("has no question_type") }
            (sample.answers, sample.group, sample.dataset) = (answers, kind, columns.dataset ?? "")
        case (.chartqa, .texts(let answers)) where answers.count == 1:
            (sample.answers, sample.group) = (answers, columns.type ?? "")
        case (.mme, .texts(let answers)) where answers.count == 1,
            (.pope, .texts(let answers)) where answers.count == 1:
            let answer = CodePoints(answers[0]).lowercased.stripped
            let plain = self == .mme ? answer.replacing(".", with: "") : answer
            guard plain == "yes" || plain == "no" else { throw wrong("has an answer that is neither yes nor no") }
            if self == .mme, sample.group.isEmpty || sample.questionID.isEmpty {
                throw wrong("has no category or no question_id")
            }
            sample.answers = [plain.string]
        default: throw wrong("has no answer of the kind that \(title) has")
        }
        return sample
    }
}
