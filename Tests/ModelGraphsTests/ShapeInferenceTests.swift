import ElementTypes
import Failures
import ModelGraphs
import Testing

@Suite struct ShapeInferenceTests {
    private let builder = GraphBuilder(name: "test")

    private func input(_ shape: GraphShape, _ type: ElementType = .f32) throws -> GraphValue {
        try builder.parameter("x\(shape)\(type)\(Int.random(in: 0 ..< .max))", type, shape)
    }

    @Test(
        arguments: [
            ([2, 3], [3], [2, 3]), ([-1, 1, 4], [5, 4], [-1, 5, 4]), ([], [7], [7]), ([-1], [1], [-1]),
            ([-1], [6], [6]), ([1], [-1], [-1]), ([0], [1], [0]), ([], [], []),
        ] as [(GraphShape, GraphShape, GraphShape)])
    func broadcasting(left: GraphShape, right: GraphShape, expected: GraphShape) throws {
        #expect(try builder.add(input(left), input(right)).shape == expected)
        #expect(try builder.greater(input(right), input(left)).shape == expected)
    }

    @Test(arguments: [([2, 3], [2]), ([4], [5]), ([1, 2, 3], [2, 2])] as [(GraphShape, GraphShape)])
    func broadcastingRefuses(left: GraphShape, right: GraphShape) throws {
        let (first, second) = (try input(left), try input(right))
        #expect(throws: GraphError.self) { try builder.multiply(first, second) }
    }

    @Test func typesMustAgree() throws {
        let (floats, halves, numbers) = (try input([2]), try input([2], .f16), try input([2], .i64))
        #expect(throws: GraphError.self) { try builder.add(floats, halves) }
        #expect(throws: GraphError.self) { try builder.sqrt(numbers) }
        #expect(throws: GraphError.self) { try builder.logicalAnd(numbers, numbers) }
        #expect(throws: GraphError.self) { try builder.select(floats, floats, floats) }
        #expect(throws: GraphError.self) { try builder.gather(floats, floats, axis: 0) }
        #expect(throws: GraphError.self) { try builder.concat([floats, halves], axis: 0) }
        #expect(try builder.notEqual(numbers, builder.constant(0)).elementType == .boolean)
    }

    @Test(
        arguments: [
            ([2, 3, 4], [0, 12], [2, 12]), ([-1, -1, 8], [0, 0, 2, 4], [-1, -1, 2, 4]), ([-1, 6], [-1, 3], [-1, 3]),
            ([4, 6], [3, -1], [3, 8]), ([-1, 2, 3, -1, 5], [0, 6, -1, 5], [-1, 6, -1, 5]), ([2, 3], [0, 0], [2, 3]),
        ] as [(GraphShape, [Int], GraphShape)])
    func reshaping(shape: GraphShape, pattern: [Int], expected: GraphShape) throws {
        #expect(try builder.reshape(input(shape), pattern).shape == expected)
    }

    @Test(
        arguments: [
            ([2, 3], [4, 2]), ([2, 3], [-1, -1]), ([2, 3], [4, -1]), ([2], [0, 0]), ([6], [-2]),
            ([-1, 6], [0, 5]),
        ] as [(GraphShape, [Int])])
    func reshapingRefuses(shape: GraphShape, pattern: [Int]) throws {
        let value = try input(shape)
        #expect(throws: GraphError.self) { try builder.reshape(value, pattern) }
    }

    @Test(
        arguments: [
            ([2, 3], [3, 4], false, [2, 4]), ([-1, 5, 3], [4, 3], true, [-1, 5, 4]),
            ([-1, 8, 1, 16], [-1, 8, 577, 16], true, [-1, 8, 1, 577]),
        ] as [(GraphShape, GraphShape, Bool, GraphShape)])
    func products(left: GraphShape, right: GraphShape, transposed: Bool, expected: GraphShape) throws {
        #expect(try builder.matMul(input(left), input(right), transposeRight: transposed).shape == expected)
    }

    @Test(
        arguments: [
            ([2, 3], [4, 3], false), ([2, 3], [3, 4], true), ([3], [3, 4], false), ([2, 2, 3], [5, 3, 4], false),
        ]
            as [(GraphShape, GraphShape, Bool)])
    func productsRefuse(left: GraphShape, right: GraphShape, transposed: Bool) throws {
        let (first, second) = (try input(left), try input(right))
        #expect(throws: GraphError.self) { try builder.matMul(first, second, transposeRight: transposed) }
    }

    @Test func slicesJoinsAndPicks() throws {
        let value = try input([-1, 5, 8])
        #expect(try builder.slice(value, axis: 1, from: 1, to: nil).shape == [-1, 4, 8])
        #expect(try builder.slice(value, axis: -1, from: 2, to: 6).shape == [-1, 5, 4])
        #expect(try builder.slice(value, axis: 0, from: 0, to: 1).shape == [-1, 5, 8])
        #expect(throws: GraphError.self) { try builder.slice(value, axis: 1, from: 0, to: 6) }
        #expect(throws: GraphError.self) { try builder.slice(value, axis: 3, from: 0, to: 1) }
        #expect(try builder.concat([value, value], axis: 1).shape == [-1, 10, 8])
        #expect(try builder.concat([value, input([-1, -1, 8])], axis: 1).shape == [-1, -1, 8])
        let other = try input([-1, 5, 7])
        #expect(throws: GraphError.self) { try builder.concat([value, other], axis: 1) }
        #expect(throws: GraphError.self) { try builder.concat([], axis: 0) }
        #expect(try builder.gather(value, input([2, 3], .i64), axis: 1).shape == [-1, 2, 3, 8])
        #expect(try builder.dimension(of: value, axis: 0).shape == [])
        #expect(try builder.unsqueeze(value, axis: -1).shape == [-1, 5, 8, 1])
        #expect(try builder.unsqueeze(value, axis: 1).shape == [-1, 1, 5, 8])
        #expect(try builder.transpose(value, [2, 0, 1]).shape == [8, -1, 5])
        #expect(throws: GraphError.self) { try builder.transpose(value, [0, 1]) }
        #expect(throws: GraphError.self) { try builder.transpose(value, [0, 0, 1]) }
        #expect(try builder.reduceMean(value, axis: -1).shape == [-1, 5, 1])
        #expect(try builder.reduceSum(value, axis: 1).shape == [-1, 8])
        #expect(
            try builder.broadcast(input([1, 8]), to: [.dimension(of: value, axis: 0), .fixed(8)]).shape == [-1, 8])
        let three = try input([3])
        #expect(throws: GraphError.self) { try builder.broadcast(three, to: [.fixed(4)]) }
    }

    @Test func convolutionAndAttention() throws {
        let image = try input([-1, 3, 42, 42])
        #expect(try builder.convolution(image, input([8, 3, 14, 14]), stride: 14).shape == [-1, 8, 3, 3])
        let wrong = try input([8, 4, 14, 14])
        #expect(throws: GraphError.self) { try builder.convolution(image, wrong, stride: 14) }
        let large = try input([8, 3, 64, 64])
        #expect(throws: GraphError.self) { try builder.convolution(image, large, stride: 1) }

        let (query, keys) = (try input([-1, 4, -1, 16]), try input([-1, 4, -1, 16]))
        let attended = try builder.scaledDotProductAttention(query: query, key: keys, value: input([-1, 4, -1, 24]))
        #expect(attended.shape == [-1, 4, -1, 24])
        let fewer = try input([-1, 2, -1, 16])
        #expect(throws: GraphError.self) {
            try builder.scaledDotProductAttention(query: query, key: fewer, value: fewer)
        }
    }

    @Test func errorsNameTheOperation() throws {
        let error = #expect(throws: GraphError.self) {
            try builder.scope("layers.3") { try builder.add(input([2]), input([3])) }
        }
        let message = try #require(error).description
        #expect(message.contains("layers.3/Add") && message.contains("[2]") && message.contains("[3]"))
    }
}
