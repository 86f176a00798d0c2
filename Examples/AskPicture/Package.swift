// swift-tools-version: 6.1
import PackageDescription

// Needs the pkg-config file of OpenVINO (PKG_CONFIG_PATH) to build, and a run path to its libraries: see the guide of
// HiREDInference.
let package = Package(
    name: "AskPicture",
    platforms: [.macOS(.v14)],
    dependencies: [.package(name: "hired", path: "../..")],
    targets: [
        .executableTarget(
            name: "AskPicture", dependencies: [.product(name: "HiREDInference", package: "hired")],
            swiftSettings: [.swiftLanguageMode(.v6)])
    ]
)
