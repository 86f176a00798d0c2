public import Foundation

public enum TokenizerConversion {
    public static func tokenizerJSON(folder: URL) throws -> Data { throw TokenizerError.missing(path: folder.path) }
}
