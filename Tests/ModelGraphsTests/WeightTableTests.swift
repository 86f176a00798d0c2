import ElementTypes
import Failures
import ModelGraphs
import Testing

@Suite struct WeightTableTests {
    private func tensor(
        _ name: String, _ type: ElementType, _ shape: GraphShape, _ bytes: Int, at offset: Int = 0
    ) throws -> WeightTensor {
        try WeightTensor(name: name, elementType: type, shape: shape, byteOffset: offset, byteCount: bytes)
    }

    @Test(
        arguments: [
            (.f16, [2, 3], 12, 0, true), (.i4, [3, 3], 5, 9, true), (.f32, [], 4, 3, true), (.f32, [0, 5], 0, 0, true),
            (.f16, [2, 3], 13, 0, false), (.f32, [-1], 4, 0, false), (.f32, [1 << 40, 1 << 40], 0, 0, false),
            (.f32, [1 << 60], 0, 0, false), (.u8, [1], 1, -1, false), (.u8, [1], 1, .max, false),
        ] as [(ElementType, GraphShape, Int, Int, Bool)])
    func bytesMustFit(type: ElementType, shape: GraphShape, bytes: Int, offset: Int, fits: Bool) throws {
        if fits {
            #expect(try tensor("t", type, shape, bytes, at: offset).byteCount == bytes)
        } else {
            #expect(throws: GraphError.self) { try tensor("t", type, shape, bytes, at: offset) }
        }
    }

    @Test func lookupsSayWhatIsWrong() throws {
        let table = WeightTable([try tensor("a", .f16, [2, 3], 12, at: 4), try tensor("n", .i64, [2], 16)])
        #expect(table.names == ["a", "n"] && table.endOffset == 16)
        #expect(try table.tensor("a", shape: [2, 3]).byteOffset == 4)
        #expect(throws: GraphError.missingTensor(name: "b")) { try table.tensor("b") }
        let wrong = #expect(throws: GraphError.self) { try table.tensor("a", shape: [3, 2]) }
        #expect(try #require(wrong).description.contains("tensor a has shape [2, 3] where config.json asks for [3, 2]"))
        #expect(throws: GraphError.tensorType(name: "n", expected: "f32, f16 or bf16", found: .i64)) {
            try table.floatTensor("n", shape: [2])
        }
    }

    @Test func matricesOfEveryForm() throws {
        let table = WeightTable([
            try tensor("f", .bf16, [4, 8], 64),
            try tensor("q", .i8, [4, 8], 32), try tensor("q.scale", .f16, [4, 1], 8),
            try tensor("g", .u4, [4, 8], 16), try tensor("g.scale", .f16, [4, 2], 16),
            try tensor("g.zero_point", .u4, [4, 2], 4),
        ])
        #expect(try MatrixWeight("f", rows: 4, columns: 8, in: table) == .float(table.tensor("f")))
        #expect(
            try MatrixWeight("q", rows: 4, columns: 8, in: table)
                == .quantized(values: table.tensor("q"), scale: table.tensor("q.scale"), zeroPoint: nil))
        #expect(
            try MatrixWeight("g", rows: 4, columns: 8, in: table)
                == .quantized(
                    values: table.tensor("g"), scale: table.tensor("g.scale"), zeroPoint: table.tensor("g.zero_point")))
    }

    @Test func damagedQuantisationIsRefused() throws {
        func matrix(_ tensors: WeightTensor...) throws -> MatrixWeight {
            try MatrixWeight("q", rows: 4, columns: 8, in: WeightTable(tensors))
        }
        let values = try tensor("q", .i8, [4, 8], 32)
        #expect(throws: GraphError.missingTensor(name: "q.scale")) { try matrix(values) }
        #expect(throws: GraphError.self) { try matrix(values, try tensor("q.scale", .f16, [4, 3], 24)) }
        #expect(throws: GraphError.self) { try matrix(values, try tensor("q.scale", .f16, [4, 0], 0)) }
        #expect(throws: GraphError.self) { try matrix(values, try tensor("q.scale", .f32, [4, 1], 16)) }
        let scale = try tensor("q.scale", .f16, [4, 1], 8)
        #expect(throws: GraphError.self) { try matrix(values, scale, try tensor("q.zero_point", .u8, [4, 1], 4)) }
        #expect(throws: GraphError.self) { try matrix(values, scale, try tensor("q.zero_point", .i8, [4, 2], 8)) }
        #expect(throws: GraphError.self) { try matrix(try tensor("q", .i64, [4, 8], 256)) }
    }
}
