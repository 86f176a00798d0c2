import Crypto
import Foundation
import HiREDInference
import Synchronization

/// Pictures that were counted before, so that who moves a budget need not send them again.
final class SeenPictures: Sendable {
    struct Picture: Sendable {
        var size: PixelSize
        var data: Data
    }

    private let pictures: Mutex<LeastRecentlyUsed<String, Picture>>

    /// - Parameter byteLimit: of pictures that are kept, as they were sent.
    init(byteLimit: Int = 128 << 20) { pictures = Mutex(LeastRecentlyUsed(byteLimit: byteLimit)) }

    subscript(digest: String) -> Picture? { pictures.withLock { $0[digest] } }

    /// - Returns: the picture's name from now on.
    func add(_ data: Data, size: PixelSize) -> String {
        let digest = SHA256.hash(data: data).map { byte in
            let text = String(byte, radix: 16)
            return text.count < 2 ? "0" + text : text
        }.joined()
        pictures.withLock { $0.insert(Picture(size: size, data: data), byteCount: data.count + 256, for: digest) }
        return digest
    }
}
