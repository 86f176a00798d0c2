import Foundation

/// Reads files from outside.
enum FileReading {
    /// - Parameter limit: in bytes; a larger file is not read at all.
    static func data(at url: URL, limit: Int) throws(TokenizerError) -> Data {
        guard FileManager.default.fileExists(atPath: url.path) else { throw .missing(path: url.path) }
        do {
            // Of what a link leads to, not of the link.
            let size = try url.resolvingSymlinksInPath().resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
            guard size <= limit else {
                throw TokenizerError.malformed(
                    path: url.path, reason: "it has \(size) bytes, where \(limit) are the most such a file needs")
            }
            return try Data(contentsOf: url)
        } catch let error as TokenizerError {
            throw error
        } catch {
            throw .unreadable(path: url.path, reason: error.localizedDescription)
        }
    }
}
