import Crypto
import HiRED
import Testing
import VisionEncoding

@testable import HiREDInference

/// What the language model is told of where tokens stand.
@Suite struct TokenPositionTests {
    private static func picture(_ positions: [Int]?, count: Int, span: Int? = nil) -> ImageEmbeddings {
        ImageEmbeddings(
            values: [Float](repeating: 0, count: 2 * count), count: count, key: SHA256.hash(data: [1]),
            positions: positions, span: span)
    }

    private func ids(_ content: PromptContent, _ tokens: Range<Int>) -> [Int64] {
        var result = [Int64](repeating: -1, count: tokens.count)
        result.withUnsafeMutableBufferPointer { content.writePositionIDs(tokens, to: $0) }
        return result
    }

    @Test func whatFollowsAPictureKeepsItsPosition() {
        let first = Self.picture([0, 2, 5], count: 3, span: 8)
        let second = Self.picture(nil, count: 2)
        var content = PromptContent([7, 7, -1, 7, -1, 7], imageToken: -1, images: [first, second])
        #expect((content.promptLength, content.promptSpan) == (9, 14))
        content.append(7)
        content.append(7)
        let all: [Int64] = [0, 1, 2, 4, 7, 10, 11, 12, 13, 14, 15]
        #expect(ids(content, 0..<11) == all)
        for start in 0..<11 {
            for end in start...11 { #expect(ids(content, start..<end) == Array(all[start..<end]), "\(start)..<\(end)") }
        }
    }

    @Test func withoutThemPositionsAreCounted() {
        let content = PromptContent([7, -1, 7], imageToken: -1, images: [Self.picture(nil, count: 4)])
        #expect(content.promptSpan == content.promptLength)
        #expect(ids(content, 0..<8) == Array(0..<8))
    }

    /// The answer is another one than with packed positions, and the same in steps of any size.
    @Test func theModelReadsThem() async throws {
        var request = try EngineFixture.request(tokens: 12)
        let model = try EngineFixture.model()
        let packed = try await model.result(request)
        request.selection.positions = .original
        request.sampling.logprobs = 1
        let whole = try await model.result(request)
        #expect(whole.promptTokens == packed.promptTokens)
        #expect(whole.images == packed.images)
        let inPieces = try await EngineFixture.model { $0.maximumStepTokens = 32 }.result(request)
        #expect(inPieces.answer == whole.answer)
        var again = request
        again.selection.positions = .packed
        let other = try await model.result(again)
        #expect(other.logprobs != whole.logprobs)
        // All tokens leave nothing to tell.
        again.selection = SelectionOptions()
        again.selection.positions = .original
        await #expect(throws: HiREDError.unusedOption(.positions, strategy: .full)) { try await model.result(again) }
    }
}
