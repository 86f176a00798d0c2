package import Foundation

/// What a file is by its first bytes, where it is not what its name says: what people's downloads leave in place of
/// weights and configurations.
package enum FileKind: Sendable, Hashable {
    case empty
    /// The few lines that Git keeps in place of a large file.
    case lfsPointer
    /// A page or a message of a server: HTML, XML, or a JSON object that says what went wrong.
    case serverPage
    case gguf
    case zip
    case gzip
    case hdf5
    case safetensors
    /// None of these.
    case other

    /// How many bytes are looked at.
    package static let prefixLength = 1024

    /// - Parameters:
    ///   - start: the first bytes, ``prefixLength`` of them or the whole file.
    package init(start: [UInt8]) {
        func begins(_ text: String) -> Bool { start.starts(with: text.utf8) }
        if start.isEmpty {
            self = .empty
        } else if begins("version https://git-lfs.github.com/spec/")
            || begins("version https://hawser.github.com/spec/")
        {
            self = .lfsPointer
        } else if begins("GGUF") || begins("ggml") || begins("lmgg") || begins("tjgg") {
            self = .gguf
        } else if start.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
            self = .zip
        } else if start.starts(with: [0x1F, 0x8B]) {
            self = .gzip
        } else if start.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .hdf5
        } else if Self.isSafetensors(start) {
            self = .safetensors
        } else if Self.isPage(start) {
            self = .serverPage
        } else {
            self = .other
        }
    }

    /// - Throws: `CheckpointError` where the file cannot be read.
    package init(contentsOf url: URL) throws { try self.init(ReadOnlyFile(url, name: url.lastPathComponent)) }

    init(_ file: ReadOnlyFile) throws {
        self.init(start: try file.bytes(at: 0, count: min(file.byteCount, Self.prefixLength)))
    }

    /// A length below 2^24, then an object.
    private static func isSafetensors(_ start: [UInt8]) -> Bool {
        start.count > 9 && start[3..<8].allSatisfy { $0 == 0 } && start[8] == UInt8(ascii: "{")
    }

    /// Markup, or a JSON object whose first key speaks of an error.
    private static func isPage(_ start: [UInt8]) -> Bool {
        let bytes = start.starts(with: [0xEF, 0xBB, 0xBF]) ? start.dropFirst(3) : start[...]
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        let text = String(decoding: bytes.drop { blanks.contains($0) }.prefix(64), as: UTF8.self).lowercased()
        if ["<!doctype", "<html", "<?xml", "<head", "<body", "<error", "<!--"].contains(where: text.hasPrefix) {
            return true
        }
        guard text.hasPrefix("{") else { return false }
        let key = text.dropFirst().drop { $0.isWhitespace }
        return ["\"error\"", "\"errors\"", "\"message\"", "\"detail\"", "\"statuscode\""].contains(where: key.hasPrefix)
    }

    /// What is wrong with a file that was taken for something else; `nil` where the kind says nothing against it.
    /// - Parameter name: what messages call the file.
    package func refusal(_ name: String) -> CheckpointError? {
        switch self {
        case .empty:
            CheckpointError(
                .malformed, file: name, problem: "is empty",
                remedy: "the download did not finish or the disk was full, download it again")
        case .lfsPointer:
            CheckpointError(
                .malformed, file: name, problem: "is a Git LFS pointer, not the file itself",
                remedy: "fetch the file (git lfs pull in the repository's folder), or download it from its page")
        case .serverPage:
            CheckpointError(
                .malformed, file: name, problem: "is a web page or a server's message, not the file itself",
                remedy: "download it again, signed in where the model asks for it; "
                    + "on huggingface.co the address has /resolve/, not /blob/")
        case .gguf:
            CheckpointError(
                .unsupported, file: name, problem: "is a GGUF file, which is made for llama.cpp",
                remedy: Self.original)
        case .gzip:
            CheckpointError(
                .unsupported, file: name, problem: "is compressed with gzip", remedy: "unpack it and give the result")
        case .hdf5:
            CheckpointError(
                .unsupported, file: name, problem: "holds weights of TensorFlow (HDF5)", remedy: Self.original)
        case .zip, .safetensors, .other: nil
        }
    }

    static let original =
        "give the checkpoint in the Hugging Face layout (config.json with safetensors or PyTorch weights)"
}
