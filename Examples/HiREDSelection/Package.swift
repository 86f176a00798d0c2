// swift-tools-version: 6.1
import PackageDescription

// Depends on the method alone: nothing but HiRED is compiled.
let package = Package(
    name: "HiREDSelection",
    platforms: [.macOS(.v14)],
    dependencies: [.package(name: "hired", path: "../..")],
    targets: [
        .executableTarget(
            name: "HiREDSelection", dependencies: [.product(name: "HiRED", package: "hired")],
            swiftSettings: [.swiftLanguageMode(.v6)])
    ]
)
