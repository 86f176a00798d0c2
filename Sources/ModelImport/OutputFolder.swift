import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A folder that appears under its name only when it is whole.
///
/// It is written beside its destination as `NAME.partial`, and removed when the object goes without `commit`. What a
/// killed program left there is removed by the next import to the same destination; a lock tells it from one still at
/// work.
final class OutputFolder {
    let url: URL
    private let destination: URL
    private let lock: Int32
    private var isCommitted = false

    private static let lockName = ".lock"

    /// - Parameters:
    ///   - byteCount: what will be written; checked against the free disk.
    ///   - freeSpace: bytes free at a path; nil when unknown.
    /// - Throws: `ImportError`.
    init(for destination: URL, byteCount: Int, freeSpace: (String) -> Int? = OutputFolder.freeSpace) throws {
        let manager = FileManager.default
        // An empty folder may stand in the way: people make the destination first.
        let contents = try? manager.contentsOfDirectory(atPath: destination.path)
        guard !manager.fileExists(atPath: destination.path) || contents?.isEmpty ?? false else {
            throw ImportError.destinationExists(path: destination.path)
        }
        let parent = destination.deletingLastPathComponent()
        let url = parent.appending(path: destination.lastPathComponent + ".partial")
        do { try manager.createDirectory(at: parent, withIntermediateDirectories: true) } catch {
            throw ImportError.cannotWrite(path: parent.path, reason: error.localizedDescription)
        }
        if let free = freeSpace(parent.path) {
            let stale = Self.size(of: url)
            guard free + stale >= byteCount else {
                throw ImportError.diskFull(path: destination.path, needed: byteCount, free: free + stale)
            }
        }
        if mkdir(url.path, 0o755) != 0, errno != EEXIST {
            throw ImportError.cannotWrite(path: url.path, reason: OutputFile.reason(errno))
        }
        let lock = open(url.appending(path: Self.lockName).path, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
        guard lock >= 0 else { throw ImportError.cannotWrite(path: url.path, reason: OutputFile.reason(errno)) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw ImportError.destinationInUse(path: destination.path)
        }
        for name in (try? manager.contentsOfDirectory(atPath: url.path)) ?? [] where name != Self.lockName {
            try? manager.removeItem(at: url.appending(path: name))
        }
        self.url = url
        self.destination = destination
        self.lock = lock
    }

    deinit {
        if !isCommitted { try? FileManager.default.removeItem(at: url) }
        close(lock)
    }

    func write(_ data: Data, to name: String) throws {
        let target = url.appending(path: name)
        do {
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try data.write(to: target)
        } catch { throw ImportError.cannotWrite(path: target.path, reason: error.localizedDescription) }
    }

    func makeFile(_ name: String, byteCount: Int) throws -> OutputFile {
        try OutputFile(url.appending(path: name), byteCount: byteCount)
    }

    /// Gives the folder its name.
    func commit() throws {
        // Renaming replaces an empty folder and nothing else.
        guard rename(url.path, destination.path) == 0 else {
            throw ImportError.cannotWrite(path: destination.path, reason: OutputFile.reason(errno))
        }
        isCommitted = true
        // Only now: without the lock another import would take the folder for one that a killed program left.
        try? FileManager.default.removeItem(at: destination.appending(path: Self.lockName))
    }

    static func freeSpace(at path: String) -> Int? {
        (try? FileManager.default.attributesOfFileSystem(forPath: path))?[.systemFreeSize] as? Int
    }

    private static func size(of folder: URL) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.reduce(0) { sum, name in
            let size = try? FileManager.default.attributesOfItem(atPath: folder.appending(path: name).path)[.size]
            return sum + (size as? Int ?? 0)
        }
    }
}
