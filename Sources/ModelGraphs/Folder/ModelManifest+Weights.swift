import ElementTypes

extension ModelManifest {
    /// Where the tensors of a graph lie in its weights, quantised ones with their scales.
    ///
    /// - Throws: ``GraphError`` for entries that contradict themselves or the weights' size.
    func weightTable(of part: GraphPart) throws -> WeightTable {
        let size = graphs.first { $0.part == part }?.byteCount ?? 0
        let table = WeightTable(try tensors.filter { $0.part == part }.flatMap { try $0.weights() })
        for name in table.names {
            let tensor = try table.tensor(name)
            guard tensor.byteOffset + tensor.byteCount <= size else {
                throw GraphError.tensorBytes(name: name, reason: "it lies outside the folder's weights")
            }
        }
        return table
    }
}

extension ModelManifest.Tensor {
    /// The tensor, and its scales where it has them.
    fileprivate func weights() throws -> [WeightTensor] {
        guard let elementType = ElementType(rawValue: type), !shape.contains(where: { $0 < 0 }) else {
            throw GraphError.tensorBytes(name: name, reason: "the manifest gives it the type \(type), shape \(shape)")
        }
        let values = try WeightTensor(
            name: name, elementType: elementType, shape: GraphShape(shape), byteOffset: offset, byteCount: byteCount)
        guard let scaleOffset else { return [values] }
        guard shape.count == 2, let groupSize, groupSize > 0, shape[1] % groupSize == 0 else {
            throw GraphError.tensorBytes(name: name, reason: "its scales do not fit its shape \(shape)")
        }
        let groups: GraphShape = [shape[0], shape[1] / groupSize]
        // No overflow: there are at most as many scales as values, and those were counted.
        let scale = try WeightTensor(
            name: name + MatrixWeight.scaleSuffix, elementType: .f16, shape: groups, byteOffset: scaleOffset,
            byteCount: 2 * groups[0] * groups[1])
        return [values, scale]
    }
}
