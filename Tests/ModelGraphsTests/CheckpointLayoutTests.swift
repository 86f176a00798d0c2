import Failures
import ModelGraphs
import Testing

@Suite struct CheckpointLayoutTests {
    @Test(
        arguments: [
            (
                ["language_model.model.embed_tokens.weight", "multi_modal_projector.linear_1.weight", "image_newline"],
                .huggingFace
            ),
            (
                ["model.language_model.embed_tokens.weight", "model.multi_modal_projector.linear_1.weight"],
                .huggingFace2025
            ),
            (
                ["model.embed_tokens.weight", "model.mm_projector.0.weight", "model.mm_projector.2.weight"],
                .originalLLaVA
            ),
        ] as [([String], CheckpointLayout.Family)])
    func detection(names: [String], family: CheckpointLayout.Family) throws {
        let table = try SyntheticWeights.table(names.map { ($0, [1, 1]) })
        let layout = try CheckpointLayout.detect(in: table)
        #expect(layout.family == family)
        #expect(table[layout.tokenTable] != nil)
        #expect(!layout.hasVisionTower(in: table))
    }

    @Test func towersAreFoundUnderTheirLayoutsNames() throws {
        for layout in CheckpointLayout.all {
            let table = try SyntheticWeights.table([(layout.visionPrefix + layout.classToken, [4])])
            #expect(CheckpointLayout.all.filter { $0.hasVisionTower(in: table) } == [layout])
        }
    }

    /// InternVL's language model and projector are named as LLaVA's are: the tower tells them apart.
    @Test func towersTellLayoutsApart() throws {
        for layout in CheckpointLayout.all {
            let names = [layout.tokenTable, layout.projectorFirst + ".weight", layout.visionPrefix + layout.classToken]
            let table = try SyntheticWeights.table(names.map { ($0, [1, 1]) })
            #expect(try CheckpointLayout.detect(in: table) == layout)
        }
    }

    @Test func unknownNamesAreShown() throws {
        let table = try SyntheticWeights.table([("model.embed_tokens.weight", [1]), ("lm_head.weight", [1])])
        let error = #expect(throws: GraphError.self) { try CheckpointLayout.detect(in: table) }
        #expect(try #require(error).description.contains("lm_head.weight, model.embed_tokens.weight"))
        #expect(throws: GraphError.unknownLayout(sample: [])) { try CheckpointLayout.detect(in: WeightTable([])) }
    }
}
