import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import OrderedJSON

/// Values as the bytes of answers: sorted keys, the same value as the same bytes.
enum JSONAnswer {
    static func bytes(_ value: JSONValue) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A number that JSON cannot hold is not worth an answer that is lost.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        guard let data = try? encoder.encode(value) else {
            preconditionFailure("every JSON value can be encoded")
        }
        return Array(data)
    }

    static func response(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
        var response = Response(status: status, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes(value))))
        response.headers[.contentType] = "application/json"
        return response
    }
}

extension JSONValue {
    /// Null for nil.
    init(_ text: String?) { self = text.map { .string($0) } ?? .null }
    init(_ number: Int?) { self = number.map { .integer($0) } ?? .null }
    /// As short as it can be written.
    init(_ number: Float) { self = .number(Double("\(number)") ?? Double(number)) }

    /// Rounded, for people.
    static func rounded(_ number: Double, places: Int = 3) -> JSONValue {
        let factor = (0..<places).reduce(1.0) { product, _ in product * 10 }
        return .number((number * factor).rounded() / factor)
    }
}
