public import ElementTypes

extension GraphBuilder {
    // MARK: Two operands, NumPy broadcasting

    public func add(_ left: GraphValue, _ right: GraphValue) throws -> GraphValue {
        try binary("Add", left, right)
    }

    public func subtract(_ left: GraphValue, _ right: GraphValue) throws -> GraphValue {
        try binary("Subtract", left, right)
    }

    public func multiply(_ left: GraphValue, _ right: GraphValue) throws -> GraphValue {
        try binary("Multiply", left, right)
    }

    public func divide(_ left: GraphValue, _ right: GraphValue) throws -> GraphValue {
        try binary("Divide", left, right, attributes: [("m_pythondiv", "true")])
    }

    public func power(_ left: GraphValue, _ right: GraphValue) throws -> GraphValue {
        try binary("Power", left, right)
    }

    public func greater(_ left: GraphValue, _ right: GraphValue) throws -> GraphValue {
        try binary("Greater", left, right, result: .boolean)
    }

    public func lessEqual(_ left: GraphValue, _ right: GraphValue) throws -> GraphValue {
        try binary("LessEqual", left, right, result: .boolean)
    }

    public func notEqual(_ left: GraphValue, _ right: GraphValue) throws -> GraphValue {
        try binary("NotEqual", left, right, result: .boolean)
    }

    public func logicalAnd(_ left: GraphValue, _ right: GraphValue) throws -> GraphValue {
        guard left.elementType == .boolean else {
            throw GraphError.typeMismatch(
                node: scopedName("LogicalAnd"), reason: "\(left.elementType.rawValue) is not boolean")
        }
        return try binary("LogicalAnd", left, right)
    }

    /// `whenTrue` where `condition` holds, else `whenFalse`.
    public func select(
        _ condition: GraphValue, _ whenTrue: GraphValue, _ whenFalse: GraphValue
    ) throws -> GraphValue {
        guard condition.elementType == .boolean, whenTrue.elementType == whenFalse.elementType else {
            throw GraphError.typeMismatch(
                node: scopedName("Select"),
                reason:
                    "needs a boolean condition and two operands of one type, not \(condition.elementType.rawValue), "
                    + "\(whenTrue.elementType.rawValue) and \(whenFalse.elementType.rawValue)")
        }
        guard let chosen = whenTrue.shape.broadcast(with: whenFalse.shape),
            let shape = condition.shape.broadcast(with: chosen)
        else {
            throw GraphError.shapeMismatch(
                node: scopedName("Select"),
                reason: "shapes \(condition.shape), \(whenTrue.shape) and \(whenFalse.shape) do not fit")
        }
        return try add(
            "Select", "opset1", attributes: [("auto_broadcast", "numpy")], inputs: [condition, whenTrue, whenFalse],
            output: (whenTrue.elementType, shape))
    }

    private func binary(
        _ type: String, _ left: GraphValue, _ right: GraphValue, result: ElementType? = nil,
        attributes: [(name: String, value: String)] = []
    ) throws -> GraphValue {
        guard left.elementType == right.elementType else {
            throw GraphError.typeMismatch(
                node: scopedName(type),
                reason: "operands are \(left.elementType.rawValue) and \(right.elementType.rawValue)")
        }
        guard let shape = left.shape.broadcast(with: right.shape) else {
            throw GraphError.shapeMismatch(
                node: scopedName(type), reason: "shapes \(left.shape) and \(right.shape) do not fit")
        }
        return try add(
            type, "opset1", attributes: [("auto_broadcast", "numpy")] + attributes, inputs: [left, right],
            output: (result ?? left.elementType, shape))
    }

    // MARK: One operand

    public func sqrt(_ value: GraphValue) throws -> GraphValue { try unary("Sqrt", value) }

    public func sin(_ value: GraphValue) throws -> GraphValue { try unary("Sin", value) }

    public func cos(_ value: GraphValue) throws -> GraphValue { try unary("Cos", value) }

    public func sigmoid(_ value: GraphValue) throws -> GraphValue { try unary("Sigmoid", value) }

    /// max(x, 0).
    public func relu(_ value: GraphValue) throws -> GraphValue { try unary("ReLU", value) }

    public func convert(_ value: GraphValue, to type: ElementType) throws -> GraphValue {
        try add(
            "Convert", "opset1", attributes: [("destination_type", type.rawValue)], inputs: [value],
            output: (type, value.shape))
    }

    /// `x · sigmoid(beta · x)`, elementwise.
    public func swish(_ value: GraphValue, beta: Float? = nil) throws -> GraphValue {
        try requireFloat("Swish", value)
        let inputs = if let beta { [value, try constant(beta)] } else { [value] }
        return try add("Swish", "opset4", inputs: inputs, output: (value.elementType, value.shape))
    }

    /// Gaussian error linear unit, exact (by the error function) or by its hyperbolic-tangent approximation.
    public func gelu(_ value: GraphValue, tanhApproximation: Bool = false) throws -> GraphValue {
        try requireFloat("Gelu", value)
        return try add(
            "Gelu", "opset7", attributes: [("approximation_mode", tanhApproximation ? "TANH" : "ERF")],
            inputs: [value], output: (value.elementType, value.shape))
    }

    private func unary(_ type: String, _ value: GraphValue) throws -> GraphValue {
        try requireFloat(type, value)
        return try add(type, "opset1", inputs: [value], output: (value.elementType, value.shape))
    }

    func requireFloat(_ type: String, _ value: GraphValue) throws {
        guard value.elementType.isSupportedFloat else {
            throw GraphError.typeMismatch(
                node: scopedName(type), reason: "\(value.elementType.rawValue) is not a floating-point type")
        }
    }
}
