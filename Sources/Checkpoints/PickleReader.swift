/// Reads the pickle of a PyTorch state dictionary without executing anything.
///
/// It knows the opcodes that `torch.save` writes (protocol 2, `pickletools` of Python 3.11) and the names in
/// `PickleGlobal`; whatever else it meets is an error that says what it met. Every step takes at least one byte of
/// input, so work and memory are bounded by the pickle's size.
struct PickleReader {
    /// A hundred times what a shard of the largest models has.
    static let byteLimit = 8 << 20

    let bytes: [UInt8]
    /// What messages call the file.
    let name: String
    var position = 0
    var stack: [PickleValue] = []
    var memo: [Int: PickleValue] = [:]
    var sequences: [[PickleValue]] = []
    var dictionaries: [[String: PickleValue]] = []

    /// Reads a dictionary of tensors.
    /// - Throws: `CheckpointError` naming the file and the global, opcode or key at fault.
    static func tensors(in bytes: [UInt8], name: String) throws -> [String: PickleTensor] {
        guard bytes.count <= byteLimit else {
            throw CheckpointError.damaged(name, "holds a pickle of \(bytes.count) bytes, more than \(byteLimit)")
        }
        var reader = PickleReader(bytes: bytes, name: name)
        guard case .dictionary(let index) = try reader.run() else {
            throw reader.refused("the pickle holds no dictionary of tensors")
        }
        var tensors: [String: PickleTensor] = [:]
        // In the order of names, so that the same file always gives the same message.
        for (key, value) in reader.dictionaries[index].sorted(by: { $0.key < $1.key }) {
            guard case .tensor(let tensor) = value else {
                throw reader.refused("the entry \(CheckpointError.quoted(key)) is \(value.kind), not a tensor")
            }
            tensors[key] = tensor
        }
        return tensors
    }

    private init(bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = name
    }

    /// Something a state dictionary does not hold.
    func refused(_ problem: String) -> CheckpointError {
        CheckpointError(
            .unsupported, file: name, problem: problem,
            remedy: "only plain state dictionaries are read, save one with torch.save(model.state_dict(), …)")
    }

    func broken(_ problem: String) -> CheckpointError {
        CheckpointError.damaged(name, "the pickle \(problem) at byte \(position)")
    }

    private mutating func run() throws -> PickleValue {
        while true {
            let opcode = try take(1)
            if opcode == UInt8(ascii: ".") { return try pop() }
            try step(UInt8(truncatingIfNeeded: opcode))
        }
    }

    private mutating func step(_ opcode: UInt8) throws {
        switch opcode {
        case 0x80:  // PROTO
            let version = try take(1)
            guard version == 2 else {
                throw refused("the pickle has protocol \(version), torch.save writes 2 unless told otherwise")
            }
        case UInt8(ascii: "c"): stack.append(.global(try takeGlobal()))
        case UInt8(ascii: "("): stack.append(.mark)
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.bool(true))
        case 0x89: stack.append(.bool(false))
        case UInt8(ascii: "K"): stack.append(.integer(try take(1)))
        case UInt8(ascii: "M"): stack.append(.integer(try take(2)))
        case UInt8(ascii: "J"): stack.append(.integer(Int(Int32(truncatingIfNeeded: try take(4)))))
        case 0x8A: stack.append(.integer(try takeLong()))
        case UInt8(ascii: "G"): stack.append(.number(Double(bitPattern: try takeBigEndian())))
        case UInt8(ascii: "X"): stack.append(.string(try takeText(try take(4))))
        case UInt8(ascii: ")"): pushTuple([])
        case 0x85, 0x86, 0x87: pushTuple(try pop(count: Int(opcode) - 0x84))
        case UInt8(ascii: "t"): pushTuple(try popToMark())
        case UInt8(ascii: "]"):
            sequences.append([])
            stack.append(.list(sequences.count - 1))
        case UInt8(ascii: "}"): pushDictionary()
        case UInt8(ascii: "a"): try extendList(with: [try pop()])
        case UInt8(ascii: "e"): try extendList(with: try popToMark())
        case UInt8(ascii: "s"): try setItems(try pop(count: 2))
        case UInt8(ascii: "u"): try setItems(try popToMark())
        case UInt8(ascii: "q"): memo[try take(1)] = try top()
        case UInt8(ascii: "r"): memo[try take(4)] = try top()
        case UInt8(ascii: "h"): stack.append(try remembered(try take(1)))
        case UInt8(ascii: "j"): stack.append(try remembered(try take(4)))
        case UInt8(ascii: "Q"): stack.append(.storage(try storage(try pop())))
        case UInt8(ascii: "R"): try reduce()
        case UInt8(ascii: "b"): try build()
        default:
            throw refused("the pickle uses opcode 0x\(String(opcode, radix: 16)) at byte \(position - 1)")
        }
    }
}
