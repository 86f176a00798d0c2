import ElementTypes

/// One file that `torch.save` wrote.
enum PyTorchShard {
    /// Where a tensor's values are.
    struct Place: Sendable {
        var file: ReadOnlyFile
        var storage: ZipDirectory.Entry
        var elementType: ElementType
        var view: TensorView
        var byteCount: Int

        var elementSize: Int { elementType.bitWidth / 8 }

        func entry(named name: String) -> TensorEntry {
            let isDirect = !storage.isDeflated && view.isContiguous
            return TensorEntry(
                name: name, elementType: elementType, shape: view.shape,
                byteCount: byteCount, file: file.name,
                fileOffset: isDirect ? storage.packed.lowerBound + view.span.lowerBound * elementSize : nil,
                byteOffset: 0)
        }

        /// Copies bytes of the storage.
        func readStorage(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
            if storage.isDeflated {
                try Inflater.unpack(storage.packed, of: file, skipping: offset, into: buffer)
            } else {
                try file.read(at: storage.packed.lowerBound + offset, into: buffer)
            }
        }
    }

    /// Reads the directory and the pickle, and checks every view against its storage.
    /// - Throws: `CheckpointError`.
    static func places(in file: ReadOnlyFile) throws -> [String: Place] {
        try checkFormat(file)
        let directory = try ZipDirectory(file)
        let folder = try archiveFolder(directory, file)
        if let order = directory.entries["\(folder)/byteorder"], try contents(order, file) != Array("little".utf8) {
            throw CheckpointError(
                .unsupported, file: file.name, problem: "was written with the most significant byte first",
                remedy: "save it again on a little-endian machine")
        }
        guard let pickle = directory.entries["\(folder)/data.pkl"] else {
            throw CheckpointError.damaged(file.name, "holds no data.pkl")
        }
        let tensors = try PickleReader.tensors(in: try contents(pickle, file), name: file.name)
        var places: [String: Place] = [:]
        // In the order of names, so that the same file always gives the same message.
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            let quoted = "tensor \(CheckpointError.quoted(name))"
            guard let storage = directory.entries["\(folder)/data/\(tensor.storage.key)"] else {
                throw CheckpointError.damaged(
                    file.name,
                    "\(quoted) lies in storage \(CheckpointError.quoted(tensor.storage.key)), which is missing")
            }
            let type = tensor.storage.elementType
            guard TensorEntry.byteCount(of: type, shape: [tensor.storage.elementCount]) == storage.byteCount else {
                throw CheckpointError.damaged(
                    file.name,
                    "\(quoted) counts \(tensor.storage.elementCount) values of \(type.safetensorsName) in a storage "
                        + "of \(storage.byteCount) bytes")
            }
            guard let view = TensorView(tensor), let byteCount = TensorEntry.byteCount(of: type, shape: view.shape)
            else {
                throw CheckpointError.damaged(file.name, "\(quoted) reaches outside its storage, or repeats it")
            }
            places[name] = Place(file: file, storage: storage, elementType: type, view: view, byteCount: byteCount)
        }
        return places
    }

    private static func checkFormat(_ file: ReadOnlyFile) throws {
        let start = try file.bytes(at: 0, count: min(file.byteCount, 15))
        let kind = try FileKind(file)
        if let refusal = kind.refusal(file.name) { throw refusal }
        guard kind != .safetensors else {
            throw CheckpointError(
                .malformed, file: file.name, problem: "is a safetensors file, not one that torch.save wrote",
                remedy: "name it \(SafetensorsArchive.singleFileName)")
        }
        // torch.save's magic number, pickled by itself, began the files of PyTorch before 1.6.
        let oldMagic: [UInt8] = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
        if start.count == 15, start[0] == 0x80, Array(start[2..<14]) == oldMagic {
            throw CheckpointError(
                .unsupported, file: file.name, problem: "is in the format of PyTorch before 1.6",
                remedy: "load it and save it again with a current PyTorch, or download the safetensors version")
        }
        guard ZipDirectory.isZip(start) else {
            throw CheckpointError.damaged(file.name, "is not a file that torch.save wrote")
        }
    }

    /// The folder inside the archive that holds everything; its name is free.
    private static func archiveFolder(_ directory: ZipDirectory, _ file: ReadOnlyFile) throws -> String {
        let suffix = "/data.pkl"
        // Byte by byte: the letters around the slash could join into one character.
        let folders = directory.entries.keys.compactMap { name in
            name.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
                ? String(decoding: name.utf8.dropLast(suffix.utf8.count), as: UTF8.self) : nil
        }
        guard folders.count == 1 else {
            throw CheckpointError.damaged(
                file.name, "holds \(folders.count) files named data.pkl, where one is expected")
        }
        guard directory.entries["\(folders[0])/constants.pkl"] == nil else {
            throw CheckpointError(
                .unsupported, file: file.name, problem: "is a TorchScript program",
                remedy: "save its weights with torch.save(model.state_dict(), …)")
        }
        return folders[0]
    }

    /// A small entry, unpacked.
    private static func contents(_ entry: ZipDirectory.Entry, _ file: ReadOnlyFile) throws -> [UInt8] {
        guard entry.byteCount <= PickleReader.byteLimit else {
            throw CheckpointError.damaged(file.name, "holds a pickle of \(entry.byteCount) bytes")
        }
        guard entry.isDeflated else { return try file.bytes(at: entry.packed.lowerBound, count: entry.byteCount) }
        return try [UInt8](unsafeUninitializedCapacity: entry.byteCount) { buffer, initialized in
            let target = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<entry.byteCount]))
            try Inflater.unpack(entry.packed, of: file, skipping: 0, into: target)
            initialized = entry.byteCount
        }
    }
}
