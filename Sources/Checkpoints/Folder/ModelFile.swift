package import Foundation

/// Files of a model folder, for rooms that read some of them by themselves: links are followed, pipes and devices are not
/// waited on, and what is something else is named for what it is.
package enum ModelFile {
    /// The size of a file, or of what a link leads to, in bytes; `nil` where there is no regular file.
    /// - Throws: `CheckpointError` (`unreadable`) where the system refuses.
    package static func byteCount(_ url: URL) throws -> Int? {
        do { return try ReadOnlyFile(url, name: url.path).byteCount } catch let error as CheckpointError
            where error.code == .missing
        {
            return nil
        }
    }

    /// The whole of a small file.
    /// - Parameter isText: any text may stand in it, markup too, or none.
    /// - Throws: `CheckpointError`.
    package static func bytes(_ url: URL, limit: Int, isText: Bool = false) throws -> [UInt8] {
        let file = try ReadOnlyFile(url, name: url.path)
        guard file.byteCount <= limit else {
            throw CheckpointError(
                .malformed, file: url.path, problem: "is larger than such a file can be",
                remedy: "download the file again")
        }
        let bytes = try file.bytes(at: 0, count: file.byteCount)
        let kind = FileKind(start: Array(bytes.prefix(FileKind.prefixLength)))
        if !isText || kind == .lfsPointer, let refusal = kind.refusal(url.path) { throw refusal }
        return bytes
    }
}
