import Foundation
import HiREDInference
import Testing

@testable import HiREDCommandLine

/// What a conversation asks the model.
@Suite struct ConversationTests {
    private static let settings = AnswerSettings(maximumTokens: 8)

    private static func picture(_ name: String) -> ChatPicture { ChatPicture(name: name, data: Data(name.utf8)) }

    private static func conversation(_ names: [String] = ["a"], auto: AutoBudget? = nil) throws -> Conversation {
        var selection = SelectionOptions()
        selection.budget = try TokenBudget(parsing: "20%")
        return Conversation(pictures: names.map(picture), selection: selection, auto: auto)
    }

    /// Roles with texts, and `<>` for a picture.
    private static func messages(_ request: GenerationRequest) -> [String] {
        guard case .chat(let messages, _) = request.prompt else { return ["raw"] }
        return messages.map { message in
            message.parts.reduce(message.role.rawValue + ":") { line, part in
                if case .text(let text) = part { line + text } else { line + "<>" }
            }
        }
    }

    private static func names(_ request: GenerationRequest) -> [String] {
        request.images.map { if case .data(_, let name) = $0 { name } else { "?" } }
    }

    @Test func picturesStandWithTheQuestionTheyWereShownWith() throws {
        var talk = try Self.conversation()
        var request = talk.request("one", Self.settings)
        #expect(Self.messages(request) == ["user:<>one"])
        #expect(Self.names(request) == ["a"] && request.maximumTokens == 8)
        talk.record("one", answer: "1", budgets: nil)
        talk.show(Self.picture("b"))
        talk.show(Self.picture("c"))
        request = talk.request("two", Self.settings)
        #expect(Self.messages(request) == ["user:<>one", "assistant:1", "user:<><>two"])
        #expect(Self.names(request) == ["a", "b", "c"])
        talk.record("two", answer: "2", budgets: nil)
        #expect(
            Self.messages(talk.request("three", Self.settings)) == [
                "user:<>one", "assistant:1", "user:<><>two", "assistant:2", "user:three",
            ])
        #expect(Self.names(talk.request("three", Self.settings)) == ["a", "b", "c"])
    }

    @Test func whatWasSaidIsForgotten() throws {
        var talk = try Self.conversation()
        talk.record("one", answer: "1", budgets: nil)
        talk.show(Self.picture("b"))
        talk.clear(withPictures: false)
        #expect(Self.messages(talk.request("again", Self.settings)) == ["user:<><>again"])
        #expect(Self.names(talk.request("again", Self.settings)) == ["a", "b"])
        talk.clear(withPictures: true)
        #expect(Self.messages(talk.request("again", Self.settings)) == ["user:again"])
        #expect(talk.pictures.isEmpty && talk.last == nil)
    }

    @Test func theLastQuestionIsAskedAgainAsItWas() throws {
        var talk = try Self.conversation()
        #expect(talk.last == nil)
        talk.record("one", answer: "1", budgets: nil)
        talk.show(Self.picture("b"))
        talk.record("two", answer: "2", budgets: nil)
        // Shown since, and no part of it.
        talk.show(Self.picture("c"))
        let last = try #require(talk.last)
        let request = last.before.request(last.question, Self.settings)
        #expect(Self.messages(request) == ["user:<>one", "assistant:1", "user:<>two"])
        #expect(Self.names(request) == ["a", "b"])
    }

    /// Chosen once for a set of pictures: another choice would throw away what is computed.
    @Test func automaticBudgetsStayUntilAPictureComesIn() throws {
        let auto = AutoBudget(maximumSecondsToFirstToken: 1)
        var talk = try Self.conversation(auto: auto)
        #expect(talk.request("one", Self.settings).autoBudget == auto && !talk.isSettled)
        #expect(talk.selection(of: 0) == nil)
        talk.record("one", answer: "1", budgets: [77])
        var request = talk.request("two", Self.settings)
        #expect(request.autoBudget == nil && request.selections[0]?.budget == .tokens(77))
        talk.clear(withPictures: false)
        #expect(talk.selection(of: 0)?.budget == .tokens(77))
        talk.show(Self.picture("b"))
        request = talk.request("two", Self.settings)
        #expect(request.autoBudget == auto && request.selections.isEmpty)
        talk.record("two", answer: "2", budgets: [50, 51])
        #expect(talk.selection(of: 1)?.budget == .tokens(51))
        var other = SelectionOptions()
        other.budget = .tokens(9)
        talk.setBudget(other, auto: nil)
        request = talk.request("three", Self.settings)
        #expect(request.autoBudget == nil && request.selection.budget == .tokens(9) && request.selections.isEmpty)
    }

    /// A second question computes little more than its own words.
    @Test func aSecondQuestionStandsOnTheFirst() async throws {
        var options = VisionLanguageModel.Options()
        options.compilation.precision = .f32
        let model = try VisionLanguageModel(contentsOf: URL(fileURLWithPath: Program.demo), options: options)
        let path = Program.demo + "/samples/06-sign.png"
        var selection = SelectionOptions()
        selection.budget = try TokenBudget(parsing: "full")
        var talk = Conversation(
            pictures: [try ChatPicture(path: path, pixelLimit: 1 << 24)], selection: selection)
        func answer(_ question: String) async throws -> GenerationResult {
            var result: GenerationResult?
            for try await case .finished(let last) in model.generate(talk.request(question, Self.settings)) {
                result = last
            }
            return try #require(result)
        }
        let first = try await answer("What word is written?")
        #expect(first.answer == "WEST" && first.images[0].kept == 1752)
        talk.record("What word is written?", answer: first.answer, budgets: nil)
        let second = try await answer("What does the image say?")
        #expect(second.promptTokens > first.promptTokens + first.tokens.count)
        #expect(second.reusedTokens > 400 && second.reusedTokens <= first.promptTokens + first.tokens.count)
        // The same without what is known.
        var request = talk.request("What does the image say?", Self.settings)
        request.reusesCaches = false
        for try await case .finished(let fresh) in model.generate(request) {
            #expect(fresh.reusedTokens == 0 && fresh.tokens == second.tokens)
        }
    }
}
