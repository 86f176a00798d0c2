import Failures
import Foundation
import HTTPTypes

/// Where a picture of a request comes from.
enum PictureReference: Sendable, Equatable {
    /// An encoded picture that came with the request.
    case data(Data)
    /// A file of a multipart request, by its name.
    case attachment(String)
    /// An address in the net.
    case remote(String)

    /// Reads the address of an `image_url`. The bytes decide the format, whatever a label says.
    ///
    /// - Parameter path: the field's name, for errors.
    init(url: String, path: String) throws(APIError) {
        let scheme = url.prefix { $0 != ":" }.lowercased()
        switch scheme {
        case "data":
            guard let comma = url.utf8.firstIndex(of: UInt8(ascii: ",")) else {
                throw Self.damaged(path, "has no comma, behind which the picture's bytes stand")
            }
            let header = url[..<comma].lowercased().filter { !$0.isWhitespace }
            guard header.hasSuffix(";base64") else { throw Self.damaged(path, "is not base64") }
            guard let data = Base64.decode(url[url.utf8.index(after: comma)...].utf8) else {
                throw Self.damaged(path, "is not sound base64")
            }
            guard !data.isEmpty else { throw Self.damaged(path, "holds no bytes") }
            self = .data(data)
        case "attachment":
            self = .attachment(String(url.dropFirst("attachment:".count)))
        case "http", "https": self = .remote(url)
        default:
            throw .invalid(
                path,
                "\(path) is \(FailureText.quoted(url)); give a data: URL with base64, as in "
                    + "data:image/png;base64,…, or, in a multipart request, attachment:NAME",
                code: "invalid_image_url")
        }
    }

    private static func damaged(_ path: String, _ what: String) -> APIError {
        .invalid(path, "the data: URL in \(path) \(what); give data:image/png;base64,…", code: "invalid_image_url")
    }
}
