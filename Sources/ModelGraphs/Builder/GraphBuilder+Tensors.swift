import ElementTypes

extension GraphBuilder {
    /// `left · right`, or `left · rightᵀ` when `transposeRight`; leading dimensions broadcast. Both ranks ≥ 2.
    public func matMul(
        _ left: GraphValue, _ right: GraphValue, transposeRight: Bool = false
    ) throws -> GraphValue {
        let name = scopedName("MatMul")
        try requireFloat("MatMul", left)
        guard left.elementType == right.elementType else {
            throw GraphError.typeMismatch(
                node: name, reason: "operands are \(left.elementType.rawValue) and \(right.elementType.rawValue)")
        }
        let mismatch = GraphError.shapeMismatch(
            node: name,
            reason: "shapes \(left.shape) and \(right.shape)\(transposeRight ? " transposed" : "") do not fit")
        guard left.shape.rank >= 2, right.shape.rank >= 2 else { throw mismatch }
        let (rows, inner) = (left.shape[left.shape.rank - 2], left.shape[left.shape.rank - 1])
        let last = (right.shape[right.shape.rank - 2], right.shape[right.shape.rank - 1])
        let (otherInner, columns) = transposeRight ? (last.1, last.0) : last
        let leading = GraphShape(Array(left.shape.dimensions.dropLast(2)))
        guard inner < 0 || otherInner < 0 || inner == otherInner,
            let batch = leading.broadcast(with: GraphShape(Array(right.shape.dimensions.dropLast(2))))
        else { throw mismatch }
        return try add(
            "MatMul", "opset1",
            attributes: [("transpose_a", "false"), ("transpose_b", transposeRight ? "true" : "false")],
            inputs: [left, right], output: (left.elementType, GraphShape(batch.dimensions + [rows, columns])))
    }

    public func softmax(_ value: GraphValue, axis: Int) throws -> GraphValue {
        try requireFloat("SoftMax", value)
        guard value.shape.resolvedAxis(axis) != nil else {
            throw GraphError.shapeMismatch(node: scopedName("SoftMax"), reason: "no axis \(axis) in \(value.shape)")
        }
        return try add(
            "SoftMax", "opset8", attributes: [("axis", String(axis))], inputs: [value],
            output: (value.elementType, value.shape))
    }

    /// The mean over one axis, which stays with size 1.
    public func reduceMean(_ value: GraphValue, axis: Int) throws -> GraphValue {
        try reduce("ReduceMean", value, axis: axis, keepDimension: true)
    }

    /// The sum over one axis, which goes.
    public func reduceSum(_ value: GraphValue, axis: Int) throws -> GraphValue {
        try reduce("ReduceSum", value, axis: axis, keepDimension: false)
    }

    private func reduce(
        _ type: String, _ value: GraphValue, axis: Int, keepDimension: Bool
    ) throws -> GraphValue {
        guard let resolved = value.shape.resolvedAxis(axis) else {
            throw GraphError.shapeMismatch(node: scopedName(type), reason: "no axis \(axis) in \(value.shape)")
        }
        var shape = value.shape.dimensions
        if keepDimension { shape[resolved] = 1 } else { shape.remove(at: resolved) }
        return try add(
            type, "opset1", attributes: [("keep_dims", keepDimension ? "true" : "false")],
            inputs: [value, try constant([axis])], output: (value.elementType, GraphShape(shape)))
    }

    /// Subtracts the mean of the last axis and divides by √(variance + epsilon).
    public func normalizeMeanVariance(_ value: GraphValue, epsilon: Double) throws -> GraphValue {
        try requireFloat("MVN", value)
        return try add(
            "MVN", "opset6",
            attributes: [
                ("eps", String(epsilon)), ("normalize_variance", "true"), ("eps_mode", "INSIDE_SQRT"),
            ], inputs: [value, try constant([-1])], output: (value.elementType, value.shape))
    }

    /// A convolution without padding. `image` is [batch, channels, height, width], `kernel` is
    /// [outputs, channels, height, width].
    public func convolution(_ image: GraphValue, _ kernel: GraphValue, stride: Int) throws -> GraphValue {
        let name = scopedName("Convolution")
        guard image.shape.rank == 4, kernel.shape.rank == 4, kernel.shape.isStatic, stride > 0,
            image.shape[1] == kernel.shape[1]
        else {
            throw GraphError.shapeMismatch(
                node: name, reason: "image \(image.shape) and kernel \(kernel.shape) with stride \(stride) do not fit")
        }
        var output = [image.shape[0], kernel.shape[0]]
        for axis in 2...3 {
            let (size, window) = (image.shape[axis], kernel.shape[axis])
            guard size < 0 || size >= window else {
                throw GraphError.shapeMismatch(
                    node: name, reason: "kernel \(kernel.shape) is larger than image \(image.shape)")
            }
            output.append(size < 0 ? GraphShape.dynamic : (size - window) / stride + 1)
        }
        return try add(
            "Convolution", "opset1",
            attributes: [
                ("strides", "\(stride), \(stride)"), ("dilations", "1, 1"), ("pads_begin", "0, 0"),
                ("pads_end", "0, 0"), ("auto_pad", "explicit"),
            ], inputs: [image, kernel], output: (image.elementType, GraphShape(output)))
    }

    /// softmax(q·kᵀ/√d + mask)·v. `query` is [batch, heads, queries, d], `key` and `value` [batch, heads, keys, d];
    /// `mask` is added to the scores and broadcasts to [batch, heads, queries, keys].
    public func scaledDotProductAttention(
        query: GraphValue, key: GraphValue, value: GraphValue, mask: GraphValue? = nil
    ) throws -> GraphValue {
        let name = scopedName("ScaledDotProductAttention")
        let shapes = [query.shape, key.shape, value.shape]
        guard shapes.allSatisfy({ $0.rank == 4 && $0[1] == query.shape[1] && $0[3] > 0 }),
            query.shape[3] == key.shape[3]
        else {
            throw GraphError.shapeMismatch(
                node: name, reason: "query \(query.shape), key \(key.shape) and value \(value.shape) do not fit")
        }
        if let mask, mask.elementType != query.elementType || mask.shape.rank != 4 {
            throw GraphError.shapeMismatch(
                node: name, reason: "mask \(mask.elementType.rawValue) \(mask.shape) does not fit")
        }
        return try add(
            "ScaledDotProductAttention", "opset13", attributes: [("causal", "false")],
            inputs: [query, key, value] + (mask.map { [$0] } ?? []),
            output: (
                query.elementType, [query.shape[0], query.shape[1], query.shape[2], value.shape[3]]
            ))
    }

    /// What the variable held after the last run, `initial` before the first.
    public func readValue(
        variable: String, initial: GraphValue, shape: GraphShape
    ) throws -> GraphValue {
        try add(
            "ReadValue", "opset6",
            attributes: [
                ("variable_id", variable), ("variable_type", initial.elementType.rawValue),
                ("variable_shape", shape.dimensions.map { $0 < 0 ? "?" : String($0) }.joined(separator: ",")),
            ], inputs: [initial], output: (initial.elementType, shape))
    }

    /// Keeps `value` in the variable for the next run.
    public func assign(_ value: GraphValue, variable: String) throws {
        try add(
            "Assign", "opset6", attributes: [("variable_id", variable)], inputs: [value],
            output: (value.elementType, value.shape))
    }
}
