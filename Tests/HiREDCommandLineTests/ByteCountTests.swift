import Testing

@testable import HiREDCommandLine

@Suite struct ByteCountTests {
    @Test(arguments: [
        ("1", 1), ("1500000", 1_500_000), ("512MB", 512_000_000), ("2GB", 2_000_000_000), ("2gb", 2_000_000_000),
        ("1.5 GB", 1_500_000_000), ("1kB", 1000), ("1KiB", 1024), ("2GiB", 2 << 30), ("0.5MiB", 1 << 19), ("7b", 7),
        ("1TB", 1_000_000_000_000),
    ])
    func isRead(_ text: String, _ bytes: Int) { #expect(ByteCount(argument: text)?.bytes == bytes) }

    @Test(arguments: [
        "", "0", "-1", "GB", "2G", "2M", "1e9", "0.1", "1..5GB", "nan", "inf", "0x10", "2 GB x", "９GB", "99999999TB",
        "1,5GB",
    ])
    func isRefused(_ text: String) { #expect(ByteCount(argument: text) == nil) }

    @Test func isWritten() {
        #expect(ByteCount.text(999) == "999 B")
        #expect(ByteCount.text(1_500) == "1.5 kB")
        #expect(ByteCount.text(2_000_000_000) == "2.0 GB")
    }
}
