import ElementTypes

/// What a PyTorch state dictionary is made of. Containers are places in the reader's arena: a pickle can nest and
/// share them without end, and values that held each other would be freed by recursion just as deep.
enum PickleValue: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case tuple(Int)
    case list(Int)
    case dictionary(Int)
    case global(PickleGlobal)
    case storage(PickleStorage)
    case tensor(PickleTensor)
    /// Where a sequence on the stack begins.
    case mark

    /// What the value is, for error messages.
    var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a truth value"
        case .integer, .number: "a number"
        case .string: "a text"
        case .tuple: "a tuple"
        case .list: "a list"
        case .dictionary: "a dictionary"
        case .global: "a class"
        case .storage: "a storage"
        case .tensor: "a tensor"
        case .mark: "a mark"
        }
    }
}

/// The only names that a pickle may mention. Each is known here by what it means; none is looked up or called.
enum PickleGlobal: Sendable, Hashable {
    case orderedDictionary
    case rebuildTensor
    case rebuildParameter
    case storage(ElementType)

    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
        case ("torch", _):
            guard let type = Self.storageTypes[name] else { return nil }
            self = .storage(type)
        default: return nil
        }
    }

    private static let storageTypes: [String: ElementType] = [
        "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16, "DoubleStorage": .f64,
        "LongStorage": .i64, "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .u8,
        "BoolStorage": .boolean, "ComplexFloatStorage": .c64,
    ]
}

/// A run of values in a file of its own inside the archive.
struct PickleStorage: Sendable, Hashable {
    var elementType: ElementType
    /// Name of its file in the folder `data`.
    var key: String
    var elementCount: Int
}

/// A view of a storage, as `torch.save` describes it; sizes, strides and place in elements, unchecked.
struct PickleTensor: Sendable, Hashable {
    var storage: PickleStorage
    var offset: Int
    var shape: [Int]
    var strides: [Int]
}
