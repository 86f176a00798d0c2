import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Serving

/// Bodies of several parts: what browsers and curl write, and what nobody should.
@Suite struct MultipartTests {
    private func parts(_ text: String, boundary: String = "x") throws -> [Multipart.Part] {
        try Multipart.parts(Array(text.utf8), boundary: boundary)
    }

    @Test func readsNamesFilesAndContent() throws {
        let parts = try parts(
            "preamble\r\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--x \r\n"
                + "content-disposition: form-data; name=b; filename=\"c \\\"d\\\".png\"\r\nContent-Type: image/png\r\n\r\n"
                + "\r\n--y\r\n\r\n--x--\r\nepilogue")
        #expect(parts.map(\.name) == ["a", "b"])
        #expect(parts.map(\.fileName) == [nil, "c \"d\".png"])
        #expect(String(decoding: parts[0].content, as: UTF8.self) == "one")
        #expect(String(decoding: parts[1].content, as: UTF8.self) == "\r\n--y\r\n")
    }

    @Test(arguments: [
        "", "--x", "--x\r\n", "--x--", "--x\r\n\r\n--x--",
        "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none",
        "--x\r\nContent-Disposition: form-data\r\n\r\none\r\n--x--", "--xy\r\n\r\n\r\n--xy--",
        "--x\r\nContent-Disposition: form-data; name=\"a\r\n\r\none\r\n--x--",
        "--x\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAA\r\n--x--",
    ])
    func refusesOrIsEmpty(_ text: String) {
        if text == "--x--" {
            #expect((try? parts(text))?.isEmpty == true)
        } else {
            #expect(throws: APIError.self) { try parts(text) }
        }
    }

    @Test func boundsPartsAndHeaders() {
        let part = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
        #expect(throws: APIError.self) { try parts(String(repeating: part, count: 65) + "--x--") }
        #expect(throws: Never.self) { try parts(String(repeating: part, count: 64) + "--x--") }
        let long =
            "--x\r\nX: \(String(repeating: "y", count: 5000))\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--"
        #expect(throws: APIError.self) { try parts(long) }
    }

    /// Cut, doubled and changed anywhere, it is read or refused.
    @Test func survivesDamage() throws {
        let whole = Array(
            "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=f\r\n\r\none\r\n--x\r\nContent-Disposition: form-data; name=b\r\n\r\n\r\n--x--\r\n"
                .utf8)
        var readable = 0
        for place in whole.indices {
            for changed in [Array(whole[..<place]), whole[..<place] + [0] + whole[place...], Array(whole[place...])] {
                if (try? Multipart.parts(Array(changed), boundary: "x")) != nil { readable += 1 }
            }
        }
        #expect(readable > 0)
    }

    @Test(arguments: [
        ("QUJD", "ABC"), ("QUI=", "AB"), ("QUI", "AB"), ("QQ==", "A"), ("QQ", "A"), (" Q\nU I\r\n=", "AB"), ("", ""),
    ])
    func decodesBase64(_ text: String, _ value: String) {
        #expect(Base64.decode(text[...].utf8).map { String(decoding: $0, as: UTF8.self) } == value)
    }

    @Test(arguments: ["Q", "QUJDR", "QU=I", "QU*I", "é"])
    func refusesWhatIsNotBase64(_ text: String) { #expect(Base64.decode(text[...].utf8) == nil) }

    @Test func takesBothAlphabets() {
        #expect(Base64.decode("--__"[...].utf8) == Base64.decode("++//"[...].utf8))
    }
}
