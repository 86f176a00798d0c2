public import ElementTypes

extension GraphBuilder {
    /// An input of the graph. The operation and its tensor both carry exactly `name`.
    public func parameter(
        _ name: String, _ elementType: ElementType, _ shape: GraphShape
    ) throws -> GraphValue {
        let value = try add(
            "Parameter", "opset1",
            attributes: [
                ("shape", shape.dimensions.map { $0 < 0 ? "?" : String($0) }.joined(separator: ",")),
                ("element_type", elementType.rawValue),
            ], output: (elementType, shape), exactName: name)
        setTensorName(name, of: value)
        return value
    }

    /// Makes `value` an output of the graph called `name`.
    public func result(_ value: GraphValue, _ name: String) throws {
        // A value that already is a parameter or another result keeps its name; the second name gets its own tensor.
        let named =
            nodes[value.node].tensorName == nil
            ? value
            : try add(
                "Convert", "opset1", attributes: [("destination_type", value.elementType.rawValue)], inputs: [value],
                output: (value.elementType, value.shape))
        setTensorName(name, of: named)
        try add("Result", "opset1", inputs: [named], output: nil, exactName: name)
    }

    /// A tensor of whole numbers (shapes, axes, indices), kept in the pool.
    public func constant(_ values: [Int], shape: GraphShape? = nil) throws -> GraphValue {
        let shape = shape ?? [values.count]
        try requireCount(values.count, fits: shape)
        return try constant(ConstantPool.bytes(of: values.map(Int64.init)), .i64, shape)
    }

    /// A single whole number of rank 0.
    public func constant(_ value: Int) throws -> GraphValue {
        try constant([value], shape: [])
    }

    /// A tensor of floats, kept in the pool.
    public func constant(_ values: [Float], shape: GraphShape) throws -> GraphValue {
        try requireCount(values.count, fits: shape)
        return try constant(ConstantPool.bytes(of: values), .f32, shape)
    }

    /// A single float of rank 0.
    public func constant(_ value: Float) throws -> GraphValue {
        try constant([value], shape: [])
    }

    private func constant(
        _ bytes: [UInt8], _ type: ElementType, _ shape: GraphShape
    ) throws -> GraphValue {
        try add("Const", "opset1", output: (type, shape), storage: insertIntoPool(bytes))
    }

    private func requireCount(_ count: Int, fits shape: GraphShape) throws {
        guard shape.elementCount == count else {
            throw GraphError.shapeMismatch(
                node: scopedName("Const"), reason: "\(count) values do not fill shape \(shape)")
        }
    }

    /// A checkpoint tensor as it lies in the weights buffer, read in place. `shape` may regroup its dimensions.
    public func weight(_ tensor: WeightTensor, shape: GraphShape? = nil) throws -> GraphValue {
        let shape = shape ?? tensor.shape
        guard let count = shape.elementCount, count == tensor.shape.elementCount else {
            throw GraphError.shapeMismatch(
                node: tensor.name, reason: "shape \(tensor.shape) cannot be read as \(shape)")
        }
        recordUse(of: tensor, isMatrix: false)
        return try scope(tensor.name) {
            try add(
                "Const", "opset1", output: (tensor.elementType, shape),
                storage: .weights(offset: tensor.byteOffset, byteCount: tensor.byteCount))
        }
    }

    /// A floating-point checkpoint tensor as f32: the bytes stay compressed and are widened where they are used.
    public func floatWeight(_ tensor: WeightTensor, shape: GraphShape? = nil) throws -> GraphValue {
        guard tensor.elementType.isSupportedFloat else {
            throw GraphError.tensorType(name: tensor.name, expected: "f32, f16 or bf16", found: tensor.elementType)
        }
        let constant = try weight(tensor, shape: shape)
        return try scope(tensor.name) { try decompress(constant) }
    }

    /// Widens a compressed constant to f32 and marks the conversion, so that the runtime does not unfold it.
    func decompress(_ constant: GraphValue) throws -> GraphValue {
        if constant.elementType == .f32 { return constant }
        let converted = try convert(constant, to: .f32)
        markDecompression(converted)
        return converted
    }
}
