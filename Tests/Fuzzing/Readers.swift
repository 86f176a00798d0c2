import Checkpoints
import Foundation
import ImageProcessing
import ModelGraphs
import OrderedJSON
import Tokenization

/// A reader of bytes from outside: small real files to damage, and what reads them. An error is an answer; a trap is not.
struct Reader {
    var name: String
    /// Its part of all inputs.
    var share: Int
    var files: [[UInt8]]
    /// Words of a text format, to be put anywhere.
    var words: [String] = []
    var read: (_ bytes: [UInt8], _ folder: URL) throws -> Void
}

extension Reader {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func all() throws -> [Reader] { try pictures() + weights() + texts() }

    private static func files(_ folder: String, suffixes: [String], upTo byteCount: Int = 16 << 10) throws -> [[UInt8]]
    {
        let url = repository.appending(path: folder)
        let names = try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
        let found = try names.filter { name in suffixes.contains { name.hasSuffix($0) } }
            .map { [UInt8](try Data(contentsOf: url.appending(path: $0))) }.filter { $0.count <= byteCount }
        guard !found.isEmpty else { throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: url.path]) }
        return found
    }

    // MARK: Pictures

    private static func pictures() throws -> [Reader] {
        let folder = "Tests/ImageProcessingTests/Fixtures/files"
        let decoder = ImageDecoder(pixelLimit: 1_000_000)
        func decode(_ bytes: [UInt8], _: URL) throws {
            _ = try? decoder.size(of: Data(bytes), name: "picture")
            _ = try decoder.decode(Data(bytes), name: "picture")
        }
        let jpegs = try files(folder, suffixes: [".jpg"])
        let plain = jpegs.min { $0.count < $1.count } ?? []
        /// A segment behind the start of a picture whose rest is sound.
        func inJPEG(_ header: String, _ bytes: [UInt8], _ folder: URL) throws {
            let body = Array((Array(header.utf8) + bytes).prefix(65_533))
            let length = [UInt8((body.count + 2) >> 8), UInt8((body.count + 2) & 0xFF)]
            try decode(Array(plain.prefix(2)) + [0xFF, 0xE1] + length + body + plain.dropFirst(2), folder)
        }
        let tiff: [UInt8] = [
            0x49, 0x49, 42, 0, 8, 0, 0, 0, 2, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0x69, 0x87, 4, 0, 1, 0, 0, 0,
            38,
            0, 0, 0, 0, 0, 0, 0, 0, 0,
        ]
        let bigTIFF: [UInt8] = [
            0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 4, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0,
        ]
        let xmp = [
            #"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>"#,
            "<x:xmpmeta><rdf:RDF><tiff:Orientation>3</tiff:Orientation></rdf:RDF></x:xmpmeta>",
        ]
        return [
            Reader(name: "jpeg", share: 4, files: jpegs, read: decode),
            Reader(name: "png", share: 4, files: try files(folder, suffixes: [".png"])) {
                try decode(PNGChecksums.mended($0), $1)
            },
            Reader(name: "webp", share: 4, files: try files(folder, suffixes: [".webp"]), read: decode),
            Reader(name: "exif", share: 2, files: [tiff, bigTIFF]) { try inJPEG("Exif\0\0", $0, $1) },
            Reader(
                name: "xmp", share: 2, files: xmp.map { Array($0.utf8) }, words: ["tiff:Orientation", "=\"", "<", "8"]
            ) {
                try inJPEG("http://ns.adobe.com/xap/1.0/\0", $0, $1)
            },
        ]
    }

    // MARK: Weights

    private static func weights() throws -> [Reader] {
        let folder = "Tests/CheckpointsTests/Fixtures"
        func all(of source: any WeightSource) throws {
            for tensor in source.tensors.values {
                let count = min(tensor.byteCount, 4096)
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 16)
                defer { buffer.deallocate() }
                try source.read(tensor, at: 0, into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(count)))
            }
        }
        return [
            Reader(
                name: "safetensors", share: 3, files: try files(folder, suffixes: [".safetensors"]),
                words: ["\"dtype\":\"F32\"", "\"shape\":[", "\"data_offsets\":[0,", "9223372036854775807", "]", "}"]
            ) { bytes, scratch in
                let file = scratch.appending(path: "model.safetensors")
                try Data(bytes).write(to: file)
                try all(of: try SafetensorsArchive(file: file))
            },
            Reader(name: "pickle", share: 4, files: try files(folder, suffixes: [".bin"])) { bytes, scratch in
                let file = scratch.appending(path: "pytorch_model.bin")
                try Data(bytes).write(to: file)
                try all(of: try PyTorchArchive(file: file))
            },
            Reader(
                name: "manifest", share: 2, files: [Array(try manifest().encoded())],
                words: ["\"byteCount\":", "9223372036854775807", "-1", "1e308", "\"../\"", "null", "[", "{"]
            ) { bytes, scratch in
                try Data(bytes).write(to: scratch.appending(path: ModelManifest.fileName))
                _ = try ModelManifest(folder: scratch)
            },
            Reader(
                name: "config", share: 2, files: try files("Models/demo", suffixes: ["config.json"], upTo: 4096),
                words: ["9223372036854775807", "-1", "0", "null", "1e308", "\"hidden_size\":", "[", "{", "true"]
            ) { bytes, scratch in
                try readConfigurations(bytes, in: scratch.appending(path: "config"))
            },
        ]
    }

    /// As each of a folder's files beside sound ones.
    private static func readConfigurations(_ bytes: [UInt8], in folder: URL) throws {
        let sound = repository.appending(path: "Models/demo")
        let names = ["config.json", "preprocessor_config.json", "generation_config.json", "processor_config.json"]
        var failure: (any Error)?
        for damaged in names {
            try? FileManager.default.removeItem(at: folder)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            if damaged != "config.json" {
                try FileManager.default.copyItem(
                    at: sound.appending(path: "config.json"), to: folder.appending(path: "config.json"))
            }
            try Data(bytes).write(to: folder.appending(path: damaged))
            do { _ = try ModelDescription(contentsOf: folder) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    private static func manifest() -> ModelManifest {
        ModelManifest(
            createdBy: "hired", source: .init(layout: "huggingFace", modelType: "llava_next", files: []),
            weights: "int4",
            visionWeights: "f16", chatTemplate: nil, splitsPromptAtImages: false,
            graphs: [.init(part: .languageModel, file: "openvino_language_model.xml", byteCount: 4096)],
            tensors: [
                .init(
                    name: "model.embed_tokens.weight", part: .languageModel, shape: [32, 64], type: "i4", groupSize: 32,
                    offset: 0, byteCount: 1024, scaleOffset: 1024, sourceType: "f16",
                    sourceSha256: String(repeating: "0", count: 64))
            ])
    }

    // MARK: Texts

    private static func texts() throws -> [Reader] {
        let tokenizers = try files("Models/demo", suffixes: ["tokenizer.json"])
        let sentencePieces = try files(
            "Tests/HiREDInferenceTests/Fixtures/layouts/original-next/checkpoint", suffixes: ["tokenizer.model"])
        let conversation = [ChatMessage(.user, [.image, .text("What is on this picture?")])]
        return [
            Reader(
                name: "json", share: 4, files: try files("Models/demo", suffixes: ["config.json"], upTo: 4096),
                words: ["[", "{\"a\":", "\\ud800", "1e999", "-", "\"", "9223372036854775808"]
            ) { bytes, _ in _ = try JSONValue(parsing: bytes) },
            Reader(
                name: "tokenizer", share: 1, files: tokenizers,
                words: [
                    "\"type\":", "\"Sequence\"", "\"Regex\":\"(a+)+$\"", "null", "-1", "4294967295", "\"merges\":[",
                    "[",
                ]
            ) { bytes, _ in
                let tokenizer = try Tokenizer(json: Data(bytes), path: "tokenizer.json")
                _ = tokenizer.decode(try tokenizer.encode("A small text, 京 and 42 <image>\u{0}é"))
            },
            Reader(
                name: "tokenizer-config", share: 2,
                files: try files("Models/demo", suffixes: ["tokenizer_config.json"]),
                words: [
                    "\"LlamaTokenizer\"", "null", "\"add_eos_token\":true,", "9223372036854775807", "\"<new>\"", "[",
                    "{",
                ]
            ) { bytes, scratch in
                let folder = scratch.appending(path: "tokenizer")
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try Data(bytes).write(to: folder.appending(path: "tokenizer_config.json"))
                try Data(tokenizers[0]).write(to: folder.appending(path: "tokenizer.json"))
                _ = try Tokenizer(contentsOf: folder.appending(path: "tokenizer.json")).encode("A text <image> of 42")
            },
            Reader(name: "sentencepiece", share: 2, files: sentencePieces) { bytes, _ in
                _ = try SentencePieceModel(bytes: bytes, path: "tokenizer.model")
            },
            Reader(name: "template", share: 4, files: templates.map { Array($0.utf8) }, words: templateWords) {
                bytes, _ in
                let template = try JinjaTemplate(String(decoding: bytes, as: UTF8.self))
                _ = try ChatTemplate.jinja(template, SpecialTokens(begin: "<s>", end: "</s>")).prompt(for: conversation)
            },
        ]
    }

    private static let templates = [
        """
        {%- for message in messages -%}{{ message['role'] | upper }}: {% for part in message.content %}\
        {% if part.type == 'image' %}<image>{% else %}{{ part.text | trim }}{% endif %}{% endfor %}
        {%- endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}
        """,
        """
        {% set ns = namespace(n=0) %}{% for i in range(3, 9, 2) %}{% set ns.n = ns.n + i ** 2 %}{{ loop.index0 }}\
        {{ 'a' * i ~ [1, 2][-1] }}{% endfor %}{{ ns.n // 7 % 3 }}{{ {'a': 1}['a'] if not none else 1.5 }}
        """,
        "{{ messages | length }}{{ 'x,y'.split(',')[::-1] | join('-') }}{{ messages[0].content | tojson }}",
    ]
    private static let templateWords = [
        "1+", "'a'~", "[", "(", "|trim", ".a", "not ", "-", "{% if x %}", "{% for a in range(100000) %}",
        "{% endfor %}",
        "9223372036854775807", "*", "**", "//", "{{", "}}", "{%", "%}", "s", "{% set s = s + s %}", "range(99999)",
        " * 999999", "|join", "|tojson", "namespace(", "{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}", ")", "]",
    ]
}
