import Foundation
import HiREDInference
import ImageProcessing

/// A picture of a chat. It is read once: what becomes of its file later changes nothing of what was said about it.
struct ChatPicture: Sendable, Equatable {
    /// As the person called it.
    var name: String
    var data: Data

    var input: ImageInput { .data(data, name: name) }

    /// Reads and decodes it, so that what is no picture is told at once and not with a question.
    ///
    /// - Throws: `CommandError`, `ImageError`.
    init(path: String, pixelLimit: Int) throws {
        let decoder = ImageDecoder(pixelLimit: pixelLimit)
        switch try AskCommand.input(path, pixelLimit: pixelLimit) {
        case .file(let url): data = try decoder.data(contentsOf: url)
        case .data(let bytes, _): data = bytes
        case .image(let image): data = try image.pngData()
        }
        name = path
        _ = try decoder.decode(data, name: path)
    }

    /// For tests.
    init(name: String, data: Data) {
        self.name = name
        self.data = data
    }

    /// The path that a person means: as terminals paste it, in quotes or with backslashes before spaces, or with `~`.
    static func path(_ typed: String, exists: (String) -> Bool = { FileManager.default.fileExists(atPath: $0) })
        -> String
    {
        guard !exists(typed) else { return typed }
        var path = typed
        if let quote = path.first, "'\"".contains(quote), path.count > 1, path.last == quote {
            path = String(path.dropFirst().dropLast())
        } else if path.contains("\\") {
            var (plain, isEscaped) = ("", false)
            for character in path {
                if character == "\\", !isEscaped {
                    isEscaped = true
                } else {
                    plain.append(character)
                    isEscaped = false
                }
            }
            path = plain
        }
        if path == "~" || path.hasPrefix("~/") {
            path = FileManager.default.homeDirectoryForCurrentUser.path + path.dropFirst()
        }
        return path
    }
}
