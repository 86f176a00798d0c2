import Foundation
import HTTPTypes
import HiREDInference
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import OrderedJSON
import Testing

@testable import Serving

/// Pictures from the net: only from the public one, and within bounds.
@Suite struct RemotePictureTests {
    @Test(arguments: [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "2001::1",
        "::127.0.0.1", "3fff::1",
        // Other ways to write 127.0.0.1.
        "2130706433", "0x7f.1", "127.1", "localhost",
    ])
    func visitsNothingPrivate(_ host: String) {
        let addresses = RemoteAddress.addresses(of: host)
        #expect(addresses.allSatisfy { !$0.isPublic }, "\(addresses.map(\.text))")
    }

    @Test(arguments: [
        "8.8.8.8", "172.32.0.1", "100.128.0.1", "192.169.0.1", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
    ])
    func visitsWhatIsPublic(_ host: String) throws {
        let address = try #require(RemoteAddress.addresses(of: host).first)
        #expect(address.isPublic)
    }

    /// A server of pictures and of traps on this machine, which only these tests may visit.
    private func withPictures(
        _ body: @escaping @Sendable (_ base: String, _ pictures: RemotePictures) async throws -> Void
    ) async throws {
        let picture = ByteBuffer(bytes: try ServingFixture.picture())
        let router = Router()
        router.get("/sign.png") { _, _ in Response(status: .ok, body: ResponseBody(byteBuffer: picture)) }
        router.get("/moved") { _, _ in Response(status: .found, headers: [.location: "/sign.png"]) }
        router.get("/loop") { _, _ in Response(status: .found, headers: [.location: "/loop"]) }
        router.get("/inside") { _, _ in
            Response(status: .found, headers: [.location: "http://169.254.169.254/latest/meta-data"])
        }
        router.get("/large") { _, _ in
            Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(repeating: 0, count: 300_000)))
        }
        router.get("/endless") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    for _ in 0..<100_000 { try await writer.write(ByteBuffer(repeating: 0, count: 10_000)) }
                    try await writer.finish(nil)
                })
        }
        router.get("/packed") { _, _ in
            Response(status: .ok, headers: [.contentEncoding: "gzip"], body: ResponseBody(byteBuffer: picture))
        }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let limits = RemotePictures.Limits(bytes: 200_000, seconds: 5, redirects: 2)
        try await Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)), logger: logger
        )
        .test(.live) { client in
            let port = try #require(client.port)
            let pictures = RemotePictures(limits) { $0 == .v4([127, 0, 0, 1]) || $0.isPublic }
            try await body("http://127.0.0.1:\(port)", pictures)
        }
    }

    @Test func fetchesAndFollows() async throws {
        let picture = try ServingFixture.picture()
        try await withPictures { base, pictures in
            for path in ["/sign.png", "/moved", "/packed"] {
                let fetched = try await pictures.fetch(base + path, path: "url")
                #expect(fetched == picture, "\(path)")
            }
        }
    }

    @Test(arguments: [
        ("/inside", "public"), ("/loop", "leads on"), ("/large", "larger"), ("/endless", "larger"), ("/none", "404"),
    ])
    func refusesTraps(_ trap: String, _ word: String) async throws {
        try await withPictures { base, pictures in
            let error = await #expect(throws: APIError.self) { try await pictures.fetch(base + trap, path: "url") }
            #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
            #expect(error?.code == "image_not_fetched")
        }
    }

    @Test(arguments: [
        "http://127.0.0.1:1/a.png", "http://localhost/a.png", "http://[::1]/a.png", "http://2130706433/",
        "http://user:pass@8.8.8.8/", "http:///a.png", "https://", "http://a.invalid/a.png",
    ])
    func refusesAddressesBeforeItConnects(_ url: String) async throws {
        let error = await #expect(throws: APIError.self) { try await RemotePictures().fetch(url, path: "url") }
        #expect(error?.code == "image_not_fetched")
    }

    @Test func fetchesForRequestsWhereItIsAllowed() async throws {
        let expected = try await ServingFixture.expected()
        let served = try await ServingFixture.served()
        try await withPictures { base, pictures in
            let routes = Routes(
                served, options: ServingFixture.options { $0.access.allowsRemoteImages = true },
                logger: ServingFixture.logger, remote: pictures)
            try await routes.application().test(.router) { client in
                let outcome = try await client.post(
                    try ServingFixture.chat(messages: [
                        [
                            "role": "user",
                            "content": [
                                ["type": "image_url", "image_url": ["url": .string(base + "/sign.png")]],
                                ["type": "text", "text": .string(ServingFixture.question)],
                            ],
                        ]
                    ]))
                #expect(outcome["choices", 0, "message", "content"] == .string(expected.answer), "\(outcome.text)")
            }
        }
    }
}
