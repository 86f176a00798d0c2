// swift-tools-version: 6.2
import PackageDescription

// Every Swift target is built with the same settings.
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]
let cSettings: [CSetting] = [.treatAllWarnings(as: .error)]

// Only for `make docs`: nobody who uses or tests the package needs it.
let documentation: [Package.Dependency] =
    Context.environment["HIRED_DOCS"] == nil
    ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0")]

let package = Package(
    name: "hired",
    platforms: [.macOS(.v14)],
    products: [
        .library(name: "HiRED", targets: ["HiRED"]),
        .library(name: "HiREDInference", targets: ["HiREDInference"]),
        .executable(name: "hired", targets: ["HiREDCommandLine"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // The server.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ] + documentation,
    targets: [
        // What every error says of itself. Imports nothing.
        .target(name: "Failures", swiftSettings: swiftSettings),

        // Types of tensors' elements, for files, graphs and the runtime. Imports nothing.
        .target(name: "ElementTypes", swiftSettings: swiftSettings),

        // One reader of JSON from outside.
        .target(name: "OrderedJSON", dependencies: ["Failures"], swiftSettings: swiftSettings),

        // The method alone. Imports nothing.
        .target(
            name: "HiRED", swiftSettings: swiftSettings,
            // Square roots: where that is no part of the C library, a program that links nothing else needs it.
            linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux, .android]))]),

        // Pictures: decoding, resizing, any-resolution partition.
        .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .systemLibrary(name: "CWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"]), .brew(["webp"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CImageCodecs", dependencies: ["CJPEG", "CPNG"], cSettings: cSettings),
        .target(
            name: "ImageProcessing", dependencies: ["HiRED", "CImageCodecs", "CWebP", "CZlib", "Failures"],
            swiftSettings: swiftSettings),

        // Checkpoint folders and tokenizers.
        .target(
            name: "Checkpoints", dependencies: ["CZlib", "OrderedJSON", "ElementTypes", "Failures"],
            swiftSettings: swiftSettings),
        .target(name: "Tokenization", dependencies: ["OrderedJSON", "Failures"], swiftSettings: swiftSettings),

        // The runtime, and the graphs it runs.
        // Homebrew and OpenVINO's own packages have this pkg-config file; script/bootstrap writes one.
        .systemLibrary(name: "COpenVINORuntime", pkgConfig: "openvino", providers: [.brew(["openvino"])]),
        .target(
            name: "COpenVINO", dependencies: ["COpenVINORuntime"], cxxSettings: [.treatAllWarnings(as: .error)]),
        .target(
            name: "OpenVINO", dependencies: ["COpenVINO", "ElementTypes", "Failures"], swiftSettings: swiftSettings),
        .target(
            name: "ModelGraphs", dependencies: ["Checkpoints", "OpenVINO", "OrderedJSON", "ElementTypes", "Failures"],
            swiftSettings: swiftSettings),

        // From a checkpoint to a model folder.
        .target(name: "CQuantization", cSettings: cSettings),
        .target(
            name: "ModelImport",
            dependencies: [
                "Checkpoints", "ModelGraphs", "Tokenization", "OpenVINO", "CQuantization", "ElementTypes", "Failures",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: swiftSettings),

        // Which sequences the next step computes, and in which blocks of the cache. Imports nothing.
        .target(name: "Scheduling", swiftSettings: swiftSettings),

        // From a picture to the embeddings that a language model reads.
        .target(
            name: "VisionEncoding",
            dependencies: [
                "HiRED", "ImageProcessing", "Checkpoints", "OpenVINO", "ModelGraphs", "ElementTypes", "Failures",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: swiftSettings),

        // From picture and prompt to answer.
        .target(
            name: "HiREDInference",
            dependencies: [
                "HiRED", "ImageProcessing", "Checkpoints", "Tokenization", "OpenVINO", "ModelGraphs", "Scheduling",
                "VisionEncoding", "OrderedJSON", "ElementTypes", "Failures",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: swiftSettings),
        // A language model that another program serves: vLLM, over HTTP.
        .target(
            name: "RemoteLanguage",
            dependencies: [
                "HiREDInference", "OrderedJSON", "Failures", "CQuantization", "CZlib",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings),
        // Results, overlays of kept tokens, statistics and pages, for whoever shows them.
        .target(
            name: "Reporting",
            dependencies: ["HiREDInference", "HiRED", .product(name: "Crypto", package: "swift-crypto")],
            resources: [
                .embedInCode("Pages/report.html"), .embedInCode("Pages/report.css"), .embedInCode("Pages/report.js"),
                .embedInCode("Pages/bench.js"), .embedInCode("Pages/demo.js"),
            ],
            swiftSettings: swiftSettings),
        // Benchmarks: their prompts and metrics, runs that go on where they stopped, reports.
        .target(
            name: "Evaluation",
            dependencies: ["HiREDInference", "Reporting", "HiRED", "ImageProcessing", "OrderedJSON", "Failures"],
            resources: [.embedInCode("Pages/evaluation.js"), .embedInCode("Demo/glyphs.png")],
            swiftSettings: swiftSettings),
        // Questions over HTTP, and the page.
        .target(
            name: "Serving",
            dependencies: [
                "HiREDInference", "OrderedJSON", "Failures",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdHTTP2", package: "hummingbird"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            resources: [
                .embedInCode("Pages/openapi.json"),
                .embedInCode("Page/answer-view.js"), .embedInCode("Page/api.js"), .embedInCode("Page/app.css"),
                .embedInCode("Page/ask.js"), .embedInCode("Page/budget.js"), .embedInCode("Page/choice.js"),
                .embedInCode("Page/comparison.js"), .embedInCode("Page/composer.js"),
                .embedInCode("Page/connection.js"), .embedInCode("Page/conversation-view.js"),
                .embedInCode("Page/conversation.css"), .embedInCode("Page/dialogue.js"),
                .embedInCode("Page/dom.js"), .embedInCode("Page/events.js"), .embedInCode("Page/figure.js"),
                .embedInCode("Page/format.js"), .embedInCode("Page/frame.js"), .embedInCode("Page/history.js"),
                .embedInCode("Page/icon.svg"), .embedInCode("Page/index.html"), .embedInCode("Page/main.js"),
                .embedInCode("Page/markdown-inline.js"), .embedInCode("Page/markdown-view.js"),
                .embedInCode("Page/markdown.js"), .embedInCode("Page/options.js"), .embedInCode("Page/overlay.js"),
                .embedInCode("Page/picture-window.js"), .embedInCode("Page/pictures.js"),
                .embedInCode("Page/sample-chart.png"), .embedInCode("Page/sample-prices.png"),
                .embedInCode("Page/sample-shapes.png"), .embedInCode("Page/sample-sign.png"),
                .embedInCode("Page/samples.js"), .embedInCode("Page/settings.js"), .embedInCode("Page/store.js"),
                .embedInCode("Page/turns.js"),
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "HiREDCommandLine",
            dependencies: [
                "HiREDInference", "RemoteLanguage", "Reporting", "Evaluation", "Serving", "ModelImport",
                "VisionEncoding", "OrderedJSON", "ElementTypes",
                "Failures",
                "Checkpoints",
                "ModelGraphs", "OpenVINO",
                "HiRED", "ImageProcessing",
                "Tokenization",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swiftSettings),

        .executableTarget(
            name: "HiREDBenchmarks", dependencies: ["HiRED", "ImageProcessing", "Tokenization"], path: "Benchmarks",
            swiftSettings: swiftSettings),

        // Makes and drops every kind of handle; for the tests and script/check-leaks.
        .executableTarget(
            name: "handle-check", dependencies: ["OpenVINO"], path: "Tests/HandleCheck", swiftSettings: swiftSettings),

        // Feeds damaged files to every reader of what comes from outside.
        .executableTarget(
            name: "hired-fuzz",
            dependencies: ["HiRED", "ImageProcessing", "Checkpoints", "Tokenization", "ModelGraphs", "OrderedJSON"],
            path: "Tests/Fuzzing", swiftSettings: swiftSettings),

        .testTarget(
            name: "HiREDTests", dependencies: ["HiRED"], resources: [.copy("Fixtures")], swiftSettings: swiftSettings),
        .testTarget(
            name: "ImageProcessingTests", dependencies: ["Failures", "ImageProcessing", "HiRED"],
            resources: [.copy("Fixtures")],
            swiftSettings: swiftSettings),
        .testTarget(name: "OrderedJSONTests", dependencies: ["OrderedJSON", "Failures"], swiftSettings: swiftSettings),
        .testTarget(
            name: "CheckpointsTests", dependencies: ["OrderedJSON", "ElementTypes", "Failures", "Checkpoints"],
            resources: [.copy("Fixtures")],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "TokenizationTests", dependencies: ["Failures", "OrderedJSON", "Tokenization"],
            resources: [.copy("Fixtures")],
            swiftSettings: swiftSettings),
        .testTarget(name: "SchedulingTests", dependencies: ["Scheduling", "HiRED"], swiftSettings: swiftSettings),
        .testTarget(
            name: "OpenVINOTests", dependencies: ["ElementTypes", "Failures", "OpenVINO", "handle-check"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ModelGraphsTests", dependencies: ["ElementTypes", "Failures", "ModelGraphs", "OpenVINO"],
            resources: [.copy("Fixtures")],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ModelImportTests",
            dependencies: ["ElementTypes", "Failures", "ModelImport", "CQuantization", "ModelGraphs", "Checkpoints"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "HiREDInferenceTests",
            dependencies: [
                "ElementTypes", "HiREDInference", "VisionEncoding", "ModelImport", "ModelGraphs", "HiRED",
                "Checkpoints",
                "ImageProcessing", "Tokenization",
                "Scheduling", "OpenVINO", .product(name: "Crypto", package: "swift-crypto"),
            ],
            resources: [.copy("Fixtures")],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "RemoteLanguageTests",
            dependencies: [
                "RemoteLanguage", "HiREDInference", "OrderedJSON", "Failures",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            resources: [.copy("Fixtures")], swiftSettings: swiftSettings),
        .testTarget(
            name: "ReportingTests", dependencies: ["Reporting", "HiREDInference"], swiftSettings: swiftSettings),
        .testTarget(
            name: "EvaluationTests",
            dependencies: ["Evaluation", "Reporting", "HiREDInference", "HiRED", "OrderedJSON"],
            resources: [.copy("Fixtures")], swiftSettings: swiftSettings),
        .testTarget(
            name: "ServingTests",
            dependencies: [
                "Serving", "HiREDInference", "OrderedJSON", "Failures",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["Fixtures"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "HiREDCommandLineTests", dependencies: ["HiREDCommandLine", "HiREDInference", "HiRED", "Failures"],
            swiftSettings: swiftSettings),
    ],
    cLanguageStandard: .c11,
    cxxLanguageStandard: .cxx17
)

// For `make sanitize`: what reads files from outside, and nothing that would have to be built besides.
if Context.environment["HIRED_READERS"] != nil {
    let readers = [
        "Failures", "ElementTypes", "OrderedJSON", "HiRED", "ImageProcessing", "Checkpoints", "Tokenization",
        "OpenVINO",
        "ModelGraphs", "CJPEG", "CPNG", "CWebP", "CImageCodecs", "CZlib", "COpenVINORuntime", "COpenVINO",
        "hired-fuzz", "ImageProcessingTests", "OrderedJSONTests", "CheckpointsTests", "TokenizationTests",
    ]
    package.targets.removeAll { !readers.contains($0.name) }
    package.products = []
    package.dependencies = []
}
