// swift-tools-version: 6.1
import PackageDescription

// Every Swift target is built with the same settings.
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

// Where script/bootstrap puts the OpenVINO libraries. A pkg-config file cannot carry a run path through SwiftPM.
let runtimePath: [LinkerSetting] = [
    .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "\(Context.packageDirectory)/.deps/openvino/libs"])
]

let package = Package(
    name: "hired",
    platforms: [.macOS(.v14)],
    products: [
        .library(name: "HiRED", targets: ["HiRED"]),
        .executable(name: "hired", targets: ["HiREDCommandLine"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        // The method alone. Imports nothing.
        .target(name: "HiRED", swiftSettings: swiftSettings),

        // Pictures: decoding, resizing, any-resolution partition.
        .systemLibrary(
            name: "CTurboJPEG", pkgConfig: "libturbojpeg",
            providers: [.apt(["libturbojpeg0-dev"]), .brew(["jpeg-turbo"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .systemLibrary(name: "CWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"]), .brew(["webp"])]),
        .target(name: "CImageCodecs", dependencies: ["CTurboJPEG", "CPNG", "CWebP"]),
        .target(name: "ImageProcessing", dependencies: ["HiRED", "CImageCodecs"], swiftSettings: swiftSettings),

        // Checkpoint folders and tokenizers.
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "Checkpoints", dependencies: ["CZlib"], swiftSettings: swiftSettings),
        .target(name: "Tokenization", swiftSettings: swiftSettings),

        // The runtime, and the graphs it runs.
        .systemLibrary(name: "COpenVINORuntime", pkgConfig: "openvino-runtime"),
        .target(name: "COpenVINO", dependencies: ["COpenVINORuntime"]),
        .target(name: "OpenVINO", dependencies: ["COpenVINO"], swiftSettings: swiftSettings),
        .target(name: "ModelGraphs", dependencies: ["Checkpoints", "OpenVINO"], swiftSettings: swiftSettings),

        // From a checkpoint to a model folder.
        .target(name: "CQuantization"),
        .target(
            name: "ModelImport",
            dependencies: [
                "Checkpoints", "ModelGraphs", "Tokenization", "OpenVINO", "CQuantization",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: swiftSettings),

        // Which sequences the next step computes, and in which blocks of the cache. Imports nothing.
        .target(name: "Scheduling", swiftSettings: swiftSettings),

        // From picture and prompt to answer.
        .target(
            name: "Inference",
            dependencies: [
                "HiRED", "ImageProcessing", "Checkpoints", "Tokenization", "OpenVINO", "ModelGraphs", "Scheduling",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "HiREDCommandLine",
            dependencies: [
                "Inference", "ModelImport", "Checkpoints", "ModelGraphs", "OpenVINO", "HiRED", "ImageProcessing",
                "Tokenization",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings, linkerSettings: runtimePath),

        .executableTarget(
            name: "HiREDBenchmarks", dependencies: ["HiRED", "ImageProcessing", "Tokenization"], path: "Benchmarks",
            swiftSettings: swiftSettings),

        // Makes and drops every kind of handle; for the tests and script/check-leaks.
        .executableTarget(
            name: "handle-check", dependencies: ["OpenVINO"], path: "Tests/HandleCheck", swiftSettings: swiftSettings,
            linkerSettings: runtimePath),

        .testTarget(
            name: "HiREDTests", dependencies: ["HiRED"], resources: [.copy("Fixtures")], swiftSettings: swiftSettings),
        .testTarget(
            name: "ImageProcessingTests", dependencies: ["ImageProcessing", "HiRED"], resources: [.copy("Fixtures")],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CheckpointsTests", dependencies: ["Checkpoints"], resources: [.copy("Fixtures")],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "TokenizationTests", dependencies: ["Tokenization"], resources: [.copy("Fixtures")],
            swiftSettings: swiftSettings),
        .testTarget(name: "SchedulingTests", dependencies: ["Scheduling", "HiRED"], swiftSettings: swiftSettings),
        .testTarget(
            name: "OpenVINOTests", dependencies: ["OpenVINO", "handle-check"], swiftSettings: swiftSettings,
            linkerSettings: runtimePath),
        .testTarget(
            name: "ModelGraphsTests", dependencies: ["ModelGraphs", "OpenVINO"], resources: [.copy("Fixtures")],
            swiftSettings: swiftSettings,
            linkerSettings: runtimePath),
        .testTarget(
            name: "ModelImportTests",
            dependencies: ["ModelImport", "CQuantization", "ModelGraphs", "Checkpoints"],
            swiftSettings: swiftSettings, linkerSettings: runtimePath),
        .testTarget(
            name: "InferenceTests",
            dependencies: [
                "Inference", "ModelImport", "ModelGraphs", "HiRED", "Checkpoints", "ImageProcessing", "Tokenization",
                "Scheduling", "OpenVINO",
            ],
            resources: [.copy("Fixtures")],
            swiftSettings: swiftSettings, linkerSettings: runtimePath),
        .testTarget(
            name: "HiREDCommandLineTests", dependencies: ["HiREDCommandLine", "Inference"],
            swiftSettings: swiftSettings, linkerSettings: runtimePath),
    ],
    cLanguageStandard: .c11,
    cxxLanguageStandard: .cxx17
)
