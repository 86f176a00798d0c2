import ElementTypes

/// One dimension of a shape that is put together while the graph runs.
public enum ShapeEntry: Sendable {
    case fixed(Int)
    /// The dimension that `value` has at `axis` when the graph runs.
    case dimension(of: GraphValue, axis: Int)
}

extension GraphBuilder {
    /// Regroups elements. In `pattern`, 0 keeps the input's dimension at that place and −1 stands for what is left.
    public func reshape(_ value: GraphValue, _ pattern: [Int]) throws -> GraphValue {
        let name = scopedName("Reshape")
        var shape = pattern
        for (axis, entry) in pattern.enumerated() where entry == 0 {
            guard axis < value.shape.rank else {
                throw GraphError.shapeMismatch(
                    node: name, reason: "pattern \(pattern) keeps axis \(axis) of \(value.shape)")
            }
            shape[axis] = value.shape[axis]
        }
        guard pattern.count(where: { $0 == -1 }) <= 1, !pattern.contains(where: { $0 < -1 }) else {
            throw GraphError.shapeMismatch(node: name, reason: "pattern \(pattern) is ambiguous")
        }
        // Dimensions that are kept at 0 cancel out, dynamic or not; the rest must agree where it is static.
        let kept = Set(pattern.indices.filter { pattern[$0] == 0 })
        let before = GraphShape(value.shape.dimensions.indices.filter { !kept.contains($0) }.map { value.shape[$0] })
        let free = pattern.firstIndex(of: -1)
        let after = GraphShape(shape.indices.filter { !kept.contains($0) && $0 != free }.map { shape[$0] })
        if before.isStatic {
            guard let left = before.elementCount, let right = after.elementCount, right > 0,
                free == nil ? left == right : left % right == 0
            else {
                throw GraphError.shapeMismatch(node: name, reason: "\(value.shape) cannot become \(pattern)")
            }
            if let free { shape[free] = left / right }
        }
        let target = try constant(pattern)
        return try add(
            "Reshape", "opset1", attributes: [("special_zero", "true")], inputs: [value, target],
            output: (value.elementType, GraphShape(shape)))
    }

    public func transpose(_ value: GraphValue, _ order: [Int]) throws -> GraphValue {
        guard order.sorted() == Array(0..<value.shape.rank) else {
            throw GraphError.shapeMismatch(
                node: scopedName("Transpose"), reason: "\(order) is no order of the axes of \(value.shape)")
        }
        return try add(
            "Transpose", "opset1", inputs: [value, try constant(order)],
            output: (value.elementType, GraphShape(order.map { value.shape[$0] })))
    }

    /// Adds a dimension of 1 before `axis` of the result.
    public func unsqueeze(_ value: GraphValue, axis: Int) throws -> GraphValue {
        let resolved = axis < 0 ? axis + value.shape.rank + 1 : axis
        guard resolved >= 0, resolved <= value.shape.rank else {
            throw GraphError.shapeMismatch(node: scopedName("Unsqueeze"), reason: "no axis \(axis) in \(value.shape)")
        }
        var shape = value.shape.dimensions
        shape.insert(1, at: resolved)
        return try add(
            "Unsqueeze", "opset1", inputs: [value, try constant([axis])],
            output: (value.elementType, GraphShape(shape)))
    }

    /// Elements `start ..< end` along one axis; nil for `end` means to the last.
    public func slice(_ value: GraphValue, axis: Int, from start: Int, to end: Int?) throws -> GraphValue {
        let name = scopedName("Slice")
        guard let resolved = value.shape.resolvedAxis(axis) else {
            throw GraphError.shapeMismatch(node: name, reason: "no axis \(axis) in \(value.shape)")
        }
        var shape = value.shape.dimensions
        if shape[resolved] >= 0 {
            let stop = end ?? shape[resolved]
            guard start >= 0, start <= stop, stop <= shape[resolved] else {
                throw GraphError.shapeMismatch(
                    node: name, reason: "\(start)..<\(stop) is outside axis \(axis) of \(value.shape)")
            }
            shape[resolved] = stop - start
        }
        // The runtime's fusions know "to the end" as the largest 32-bit number.
        let stop = try constant([end ?? Int(Int32.max)])
        return try add(
            "Slice", "opset8",
            inputs: [value, try constant([start]), stop, try constant([1]), try constant([axis])],
            output: (value.elementType, GraphShape(shape)))
    }

    public func concat(_ values: [GraphValue], axis: Int) throws -> GraphValue {
        let name = scopedName("Concat")
        guard let first = values.first, let resolved = first.shape.resolvedAxis(axis) else {
            throw GraphError.shapeMismatch(node: name, reason: "no axis \(axis) to join along")
        }
        var shape = first.shape.dimensions
        for value in values.dropFirst() {
            guard value.elementType == first.elementType else {
                throw GraphError.typeMismatch(
                    node: name, reason: "joins \(first.elementType.rawValue) and \(value.elementType.rawValue)")
            }
            guard value.shape.rank == first.shape.rank else {
                throw GraphError.shapeMismatch(node: name, reason: "joins \(first.shape) and \(value.shape)")
            }
            for index in shape.indices {
                let (mine, other) = (shape[index], value.shape[index])
                if index == resolved {
                    shape[index] = mine < 0 || other < 0 ? GraphShape.dynamic : mine + other
                } else if mine < 0 {
                    shape[index] = other
                } else if other >= 0, mine != other {
                    throw GraphError.shapeMismatch(
                        node: name, reason: "joins \(first.shape) and \(value.shape) along axis \(axis)")
                }
            }
        }
        return try add(
            "Concat", "opset1", attributes: [("axis", String(axis))], inputs: values,
            output: (first.elementType, GraphShape(shape)))
    }

    /// Picks entries of `data` along `axis`; the result has `indices`' shape in that place.
    public func gather(_ data: GraphValue, _ indices: GraphValue, axis: Int) throws -> GraphValue {
        let name = scopedName("Gather")
        guard indices.elementType == .i64 || indices.elementType == .i32 else {
            throw GraphError.typeMismatch(node: name, reason: "indices are \(indices.elementType.rawValue)")
        }
        guard let resolved = data.shape.resolvedAxis(axis) else {
            throw GraphError.shapeMismatch(node: name, reason: "no axis \(axis) in \(data.shape)")
        }
        var shape = data.shape.dimensions
        shape.replaceSubrange(resolved...resolved, with: indices.shape.dimensions)
        return try add(
            "Gather", "opset8", attributes: [("batch_dims", "0")], inputs: [data, indices, try constant(axis)],
            output: (data.elementType, GraphShape(shape)))
    }

    /// The shape of `value` as a vector of i64.
    public func shapeOf(_ value: GraphValue) throws -> GraphValue {
        try add(
            "ShapeOf", "opset3", attributes: [("output_type", "i64")], inputs: [value],
            output: (.i64, [value.shape.rank]))
    }

    /// One dimension of `value`, as a number of rank 0.
    public func dimension(of value: GraphValue, axis: Int) throws -> GraphValue {
        guard value.shape.resolvedAxis(axis) != nil else {
            throw GraphError.shapeMismatch(node: scopedName("Gather"), reason: "no axis \(axis) in \(value.shape)")
        }
        return try gather(try shapeOf(value), try constant(axis), axis: 0)
    }

    /// `start ..< stop`, both of rank 0, as a vector.
    public func range(from start: GraphValue, to stop: GraphValue) throws -> GraphValue {
        guard start.shape.rank == 0, stop.shape.rank == 0, start.elementType == .i64, stop.elementType == .i64 else {
            throw GraphError.shapeMismatch(node: scopedName("Range"), reason: "both ends must be single i64 numbers")
        }
        return try add(
            "Range", "opset4", attributes: [("output_type", "i64")], inputs: [start, stop, try constant(1)],
            output: (.i64, [GraphShape.dynamic]))
    }

    /// Repeats `value` until it has the shape that `entries` describe.
    public func broadcast(_ value: GraphValue, to entries: [ShapeEntry]) throws -> GraphValue {
        let name = scopedName("Broadcast")
        var shape: [Int] = []
        var parts: [GraphValue] = []
        var pending: [Int] = []
        for entry in entries {
            switch entry {
            case .fixed(let dimension):
                shape.append(dimension)
                pending.append(dimension)
            case .dimension(let source, let axis):
                guard let resolved = source.shape.resolvedAxis(axis) else {
                    throw GraphError.shapeMismatch(node: name, reason: "no axis \(axis) in \(source.shape)")
                }
                shape.append(source.shape[resolved])
                if !pending.isEmpty { parts.append(try constant(pending)) }
                pending = []
                parts.append(try gather(try shapeOf(source), try constant([axis]), axis: 0))
            }
        }
        if !pending.isEmpty { parts.append(try constant(pending)) }
        guard let target = parts.first, let result = value.shape.broadcast(with: GraphShape(shape)) else {
            throw GraphError.shapeMismatch(
                node: name, reason: "\(value.shape) cannot be repeated to \(GraphShape(shape))")
        }
        return try add(
            "Broadcast", "opset3", attributes: [("mode", "bidirectional")],
            inputs: [value, parts.count == 1 ? target : try concat(parts, axis: 0)], output: (value.elementType, result)
        )
    }
}
