internal import OpenVINO

/// Operations, each with its inference of type and shape.
extension GraphBuilder {
    // MARK: Element-wise

    mutating func add(_ a: Value, _ b: Value) throws -> Value { try elementwise("Add", a, b) }
    mutating func subtract(_ a: Value, _ b: Value) throws -> Value { try elementwise("Subtract", a, b) }
    mutating func multiply(_ a: Value, _ b: Value) throws -> Value { try elementwise("Multiply", a, b) }
    mutating func divide(_ a: Value, _ b: Value) throws -> Value { try elementwise("Divide", a, b) }
    mutating func power(_ a: Value, _ b: Value) throws -> Value { try elementwise("Power", a, b) }
    mutating func lessEqual(_ a: Value, _ b: Value) throws -> Value {
        try elementwise("LessEqual", a, b, type: .boolean)
    }
    mutating func notEqual(_ a: Value, _ b: Value) throws -> Value { try elementwise("NotEqual", a, b, type: .boolean) }
    mutating func and(_ a: Value, _ b: Value) throws -> Value { try elementwise("LogicalAnd", a, b, type: .boolean) }

    private mutating func elementwise(_ name: String, _ a: Value, _ b: Value, type: ElementType? = nil) throws -> Value
    {
        guard a.type == b.type else {
            throw GraphError.invalidOperation("\(name) of \(a.type.name) and \(b.type.name)")
        }
        return add(
            name, "opset1", [a, b], [("auto_broadcast", "numpy")], type: type ?? a.type,
            shape: try Self.broadcast(a.shape, b.shape, name))
    }

    static func broadcast(_ a: [Int], _ b: [Int], _ name: String) throws -> [Int] {
        let rank = max(a.count, b.count)
        return try (0..<rank).map { index in
            let left = index < rank - a.count ? 1 : a[index - (rank - a.count)]
            let right = index < rank - b.count ? 1 : b[index - (rank - b.count)]
            switch (left, right) {
            case (1, _): return right
            case (_, 1): return left
            case (-1, _): return right
            case (_, -1): return left
            default:
                guard left == right else { throw GraphError.invalidOperation("\(name) of shapes \(a) and \(b)") }
                return left
            }
        }
    }

    private mutating func unary(_ name: String, _ opset: String, _ x: Value, _ attributes: [(String, String)] = [])
        -> Value
    {
        add(name, opset, [x], attributes, type: x.type, shape: x.shape)
    }

    mutating func squareRoot(_ x: Value) -> Value { unary("Sqrt", "opset1", x) }
    mutating func sine(_ x: Value) -> Value { unary("Sin", "opset1", x) }
    mutating func cosine(_ x: Value) -> Value { unary("Cos", "opset1", x) }
    mutating func gelu(_ x: Value) -> Value { unary("Gelu", "opset7", x, [("approximation_mode", "ERF")]) }
    mutating func softmax(_ x: Value) -> Value { unary("SoftMax", "opset8", x, [("axis", "-1")]) }
    mutating func swish(_ x: Value) -> Value { unary("Swish", "opset4", x) }
    mutating func swish(_ x: Value, beta: Float) throws -> Value {
        add("Swish", "opset4", [x, try scalar(beta)], type: x.type, shape: x.shape)
    }

    mutating func convert(_ x: Value, to type: ElementType, decompresses: Bool = false) -> Value {
        x.type == type
            ? x
            : add(
                "Convert", "opset1", [x], [("destination_type", type.name)], type: type, shape: x.shape,
                decompresses: decompresses)
    }

    mutating func select(_ condition: Value, _ yes: Value, _ no: Value) throws -> Value {
        let shape = try Self.broadcast(condition.shape, try Self.broadcast(yes.shape, no.shape, "Select"), "Select")
        return add(
            "Select", "opset1", [condition, yes, no], [("auto_broadcast", "numpy")], type: yes.type, shape: shape)
    }

    // MARK: Reductions

    mutating func reduce(_ name: String, _ x: Value, axis: Int, keepsAxis: Bool) throws -> Value {
        var shape = x.shape
        let place = axis < 0 ? axis + x.rank : axis
        if keepsAxis { shape[place] = 1 } else { shape.remove(at: place) }
        return add(
            name, "opset1", [x, try vector([Int64(axis)])], [("keep_dims", keepsAxis ? "true" : "false")], type: x.type,
            shape: shape)
    }

    /// (x − mean) / √(variance + ε) over the last axis.
    mutating func normalizeVariance(_ x: Value, epsilon: Double) throws -> Value {
        add(
            "MVN", "opset6", [x, try vector([-1])],
            [("eps", "\(epsilon)"), ("normalize_variance", "true"), ("eps_mode", "inside_sqrt")], type: x.type,
            shape: x.shape)
    }

    // MARK: Products

    mutating func matMul(_ a: Value, _ b: Value, transposeB: Bool) throws -> Value {
        guard a.rank >= 2, b.rank >= 2, a.type == b.type else {
            throw GraphError.invalidOperation("MatMul of \(a.shape) and \(b.shape)")
        }
        let inner = a.shape[a.rank - 1]
        let other = b.shape[transposeB ? b.rank - 1 : b.rank - 2]
        guard inner == other || inner < 0 || other < 0 else {
            throw GraphError.invalidOperation("MatMul of \(a.shape) and \(b.shape)")
        }
        let batch = try Self.broadcast(a.shape.dropLast(2).map { $0 }, b.shape.dropLast(2).map { $0 }, "MatMul")
        let shape = batch + [a.shape[a.rank - 2], b.shape[transposeB ? b.rank - 2 : b.rank - 1]]
        return add(
            "MatMul", "opset1", [a, b], [("transpose_a", "false"), ("transpose_b", transposeB ? "true" : "false")],
            type: a.type, shape: shape)
    }

    /// Convolution without padding: x [B, C, H, W], kernel [O, C, k, k], stride k.
    mutating func patchConvolution(_ x: Value, kernel: Value) throws -> Value {
        let size = kernel.shape[3]
        guard x.rank == 4, kernel.rank == 4, x.shape[1] == kernel.shape[1], kernel.shape[2] == size else {
            throw GraphError.invalidOperation("Convolution of \(x.shape) by \(kernel.shape)")
        }
        return add(
            "Convolution", "opset1", [x, kernel],
            [
                ("strides", "\(size), \(size)"), ("dilations", "1, 1"), ("pads_begin", "0, 0"), ("pads_end", "0, 0"),
                ("auto_pad", "explicit"),
            ], type: x.type,
            shape: [x.shape[0], kernel.shape[0], x.shape[2] / size, x.shape[3] / size])
    }

    /// q [B, H, T, d], k and v [B, H, S, d]; scaled by 1/√d.
    mutating func attention(_ q: Value, _ k: Value, _ v: Value, mask: Value? = nil) throws -> Value {
        guard q.rank == 4, k.shape[1] == q.shape[1], v.shape[1] == q.shape[1] else {
            throw GraphError.invalidOperation("attention of \(q.shape), \(k.shape) and \(v.shape)")
        }
        return add(
            "ScaledDotProductAttention", "opset13", [q, k, v] + (mask.map { [$0] } ?? []), [("causal", "false")],
            type: q.type, shape: Array(q.shape.dropLast()) + [v.shape[3]])
    }

    // MARK: Shapes

    /// 0 keeps a dimension, -1 takes what is left.
    mutating func reshape(_ x: Value, _ pattern: [Int]) throws -> Value {
        var shape = pattern.enumerated().map { $0.element == 0 ? x.shape[$0.offset] : $0.element }
        if let free = shape.firstIndex(of: -1), pattern[free] == -1, !x.shape.contains(-1) {
            let rest = shape.enumerated().filter { $0.offset != free }.reduce(1) { $0 * $1.element }
            shape[free] = x.shape.reduce(1, *) / max(rest, 1)
        }
        return add(
            "Reshape", "opset1", [x, try vector(pattern.map(Int64.init))], [("special_zero", "true")], type: x.type,
            shape: shape)
    }

    /// Reshapes to a shape that is itself computed.
    mutating func reshape(_ x: Value, to target: Value, inferred shape: [Int]) -> Value {
        add("Reshape", "opset1", [x, target], [("special_zero", "false")], type: x.type, shape: shape)
    }

    mutating func transpose(_ x: Value, _ order: [Int]) throws -> Value {
        add(
            "Transpose", "opset1", [x, try vector(order.map(Int64.init))], type: x.type,
            shape: order.map { x.shape[$0] })
    }

    mutating func unsqueeze(_ x: Value, _ axis: Int) throws -> Value {
        var shape = x.shape
        shape.insert(1, at: axis)
        return add("Unsqueeze", "opset1", [x, try scalar(Int64(axis))], type: x.type, shape: shape)
    }

    mutating func concat(_ values: [Value], axis: Int) throws -> Value {
        var shape = values[0].shape
        let place = axis < 0 ? axis + shape.count : axis
        guard values.allSatisfy({ $0.rank == shape.count && $0.type == values[0].type }) else {
            throw GraphError.invalidOperation("Concat of \(values.map(\.shape))")
        }
        let sizes = values.map { $0.shape[place] }
        shape[place] = sizes.contains(-1) ? -1 : sizes.reduce(0, +)
        return add("Concat", "opset1", values, [("axis", "\(axis)")], type: values[0].type, shape: shape)
    }

    /// x[begin..<end] along an axis; an end beyond the axis stands for its end.
    mutating func slice(_ x: Value, axis: Int, from begin: Int, to end: Int) throws -> Value {
        var shape = x.shape
        if shape[axis] >= 0 { shape[axis] = min(end, shape[axis]) - begin }
        return add(
            "Slice", "opset8",
            [x, try vector([Int64(begin)]), try vector([Int64(end)]), try vector([1]), try vector([Int64(axis)])],
            type: x.type, shape: shape)
    }

    mutating func gather(_ x: Value, _ indices: Value, axis: Int) throws -> Value {
        let shape = Array(x.shape[..<axis]) + indices.shape + Array(x.shape[(axis + 1)...])
        return add(
            "Gather", "opset8", [x, indices, try scalar(Int64(axis))], [("batch_dims", "0")], type: x.type, shape: shape
        )
    }

    mutating func shapeOf(_ x: Value) -> Value {
        add("ShapeOf", "opset3", [x], [("output_type", "i64")], type: .i64, shape: [x.rank])
    }

    mutating func range(_ begin: Value, _ end: Value) throws -> Value {
        add(
            "Range", "opset4", [begin, end, try scalar(Int64(1))], [("output_type", "i64")], type: .i64, shape: [-1])
    }

    mutating func broadcast(_ x: Value, to target: Value, inferred shape: [Int]) -> Value {
        add("Broadcast", "opset3", [x, target], [("mode", "bidirectional")], type: x.type, shape: shape)
    }

    // MARK: State

    mutating func readValue(_ initial: Value, variable: String, shape: [Int]) -> Value {
        let text = shape.map { $0 < 0 ? "?" : "\($0)" }.joined(separator: ",")
        return add(
            "ReadValue", "opset6", [initial],
            [("variable_id", variable), ("variable_type", initial.type.name), ("variable_shape", text)],
            type: initial.type, shape: shape)
    }

    mutating func assign(_ x: Value, variable: String) {
        add("Assign", "opset6", [x], [("variable_id", variable)], type: x.type, shape: x.shape)
    }
}
