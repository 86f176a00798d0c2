import ElementTypes

extension PickleReader {
    mutating func pushTuple(_ values: [PickleValue]) {
        sequences.append(values)
        stack.append(.tuple(sequences.count - 1))
    }

    mutating func pushDictionary() {
        dictionaries.append([:])
        stack.append(.dictionary(dictionaries.count - 1))
    }

    mutating func extendList(with values: [PickleValue]) throws {
        guard case .list(let index) = try top() else { throw broken("appends to \(try top().kind)") }
        sequences[index] += values
    }

    /// Pairs of key and value into the dictionary on top of the stack; the later of equal keys wins, as in Python.
    mutating func setItems(_ items: [PickleValue]) throws {
        guard case .dictionary(let index) = try top() else { throw broken("sets items of \(try top().kind)") }
        guard items.count.isMultiple(of: 2) else { throw broken("sets a key without a value") }
        for pair in stride(from: 0, to: items.count, by: 2) {
            guard case .string(let key) = items[pair] else {
                throw refused("a dictionary has \(items[pair].kind) for a key")
            }
            dictionaries[index][key] = items[pair + 1]
        }
    }

    /// Only what `torch.save` makes of tensors is carried out, and only as far as describing them.
    mutating func reduce() throws {
        let arguments = try pop()
        let callee = try pop()
        guard case .tuple(let index) = arguments, case .global(let global) = callee else {
            throw refused("the pickle calls \(callee.kind)")
        }
        let values = sequences[index]
        switch global {
        case .orderedDictionary:
            guard values.isEmpty else { throw refused("an OrderedDict is built from arguments") }
            pushDictionary()
        case .rebuildTensor: stack.append(.tensor(try tensor(values)))
        case .rebuildParameter:
            guard values.count == 3, case .tensor = values[0] else {
                throw broken("rebuilds a parameter from something else")
            }
            stack.append(values[0])
        case .storage: throw refused("the pickle calls a storage class")
        }
    }

    /// BUILD sets attributes. A state dictionary carries `_metadata`, which nothing here needs.
    mutating func build() throws {
        let state = try pop()
        guard case .dictionary = state, case .dictionary = try top() else {
            throw refused("the pickle gives \(try top().kind) a state")
        }
    }

    /// `("storage", class, key, device, count)`.
    func storage(_ identifier: PickleValue) throws -> PickleStorage {
        guard case .tuple(let index) = identifier, sequences[index].count == 5,
            case .string("storage") = sequences[index][0], case .global(.storage(let type)) = sequences[index][1],
            case .string(let key) = sequences[index][2], case .string = sequences[index][3],
            case .integer(let count) = sequences[index][4], count >= 0
        else { throw broken("refers to something other than a storage") }
        return PickleStorage(elementType: type, key: key, elementCount: count)
    }

    /// `(storage, offset, size, stride, requires_grad, hooks[, metadata])`, the arguments of `_rebuild_tensor_v2`.
    private func tensor(_ arguments: [PickleValue]) throws -> PickleTensor {
        guard arguments.count == 6 || arguments.count == 7, case .storage(let storage) = arguments[0],
            case .integer(let offset) = arguments[1]
        else { throw broken("rebuilds a tensor from something else") }
        if arguments.count == 7 { try checkMetadata(arguments[6]) }
        return PickleTensor(
            storage: storage, offset: offset, shape: try integers(arguments[2]), strides: try integers(arguments[3]))
    }

    /// Metadata marks values that are stored negated or conjugated.
    private func checkMetadata(_ value: PickleValue) throws {
        switch value {
        case .none: return
        case .dictionary(let index) where dictionaries[index].isEmpty: return
        default: throw refused("a tensor is stored negated or conjugated")
        }
    }

    private func integers(_ value: PickleValue) throws -> [Int] {
        guard case .tuple(let index) = value else { throw broken("gives a tensor \(value.kind) for its shape") }
        // Looked at before it is copied: one long tuple could be the shape of very many tensors.
        guard sequences[index].count <= TensorView.dimensionLimit else {
            throw broken("gives a tensor \(sequences[index].count) dimensions")
        }
        return try sequences[index].map { item in
            guard case .integer(let number) = item else { throw broken("gives a shape with \(item.kind)") }
            return number
        }
    }
}
