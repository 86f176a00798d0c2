import Failures
import Foundation
import Testing

@testable import Checkpoints

@Suite("What people give in place of a checkpoint is named for what it is")
struct FolderKindTests {
    private static let config = #"{"model_type": "llava", "vision_config": {"patch_size": 32}}"#
    static let pointer = """
        version https://git-lfs.github.com/spec/v1
        oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
        size 4943162240

        """

    struct Wrong: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var bytes: [UInt8]
        var says: String
        var remedy: String

        init(_ name: String, _ text: String, says: String, remedy: String) {
            self.init(name, Array(text.utf8), says: says, remedy: remedy)
        }

        init(_ name: String, _ bytes: [UInt8], says: String, remedy: String) {
            (testDescription, self.bytes, self.says, self.remedy) = (name, bytes, says, remedy)
        }
    }

    static let wrong: [Wrong] = [
        Wrong("Git LFS pointer", pointer, says: "is a Git LFS pointer", remedy: "git lfs pull"),
        Wrong("page", "<!DOCTYPE html><html><body>Sign in</body></html>", says: "is a web page", remedy: "signed in"),
        Wrong("page behind a blank line", "\n  <html lang=\"en\">", says: "is a web page", remedy: "/resolve/"),
        Wrong("page with a mark", "\u{FEFF}<!doctype html>", says: "is a web page", remedy: "/resolve/"),
        Wrong(
            "XML", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", says: "message", remedy: "again"),
        Wrong("bare XML", "<Error><Code>NoSuchKey</Code></Error>", says: "a server's message", remedy: "again"),
        Wrong("error object", #"{"error":"Repository not found"}"#, says: "a server's message", remedy: "signed in"),
        Wrong("message object", "{ \"message\" : \"Not Found\"}", says: "a server's message", remedy: "again"),
        Wrong("nothing", "", says: "is empty", remedy: "did not finish"),
        Wrong("GGUF", Array("GGUF".utf8) + [3, 0, 0, 0], says: "is a GGUF file", remedy: "Hugging Face layout"),
        Wrong("gzip", [0x1F, 0x8B, 8, 0], says: "compressed with gzip", remedy: "unpack"),
        Wrong("HDF5", [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], says: "TensorFlow", remedy: "Hugging Face"),
    ]

    /// Wherever a file of a checkpoint can be.
    @Test(arguments: wrong) func inPlaceOfAnyFile(_ item: Wrong) throws {
        for name in [
            "config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json",
            "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "model.safetensors",
            "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
        ] {
            let folder = try TemporaryFolder()
            try folder.write(Self.config, to: "config.json")
            if name.hasPrefix("model") == false, !name.hasPrefix("pytorch") {
                try folder.write(SafetensorsWriter.file(["w": [1]]), to: "model.safetensors")
            }
            try folder.write(item.bytes, to: name)
            let error = #expect(throws: CheckpointError.self, "\(name)") { try CheckpointFolder.open(folder.url) }
            #expect(error?.file == name)
            #expect(error?.problem.contains(item.says) == true, "\(name): \(error?.description ?? "")")
            #expect(error?.description.contains(item.remedy) == true, "\(name): \(error?.description ?? "")")
        }
    }

    /// A shard that the index names is looked at in the same way.
    @Test func inPlaceOfAShard() throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.config, to: "config.json")
        try folder.write(#"{"weight_map": {"w": "one.safetensors"}}"#, to: "model.safetensors.index.json")
        try folder.write(Self.pointer, to: "one.safetensors")
        let error = #expect(throws: CheckpointError.self) { try CheckpointFolder.open(folder.url) }
        #expect(error?.description.hasPrefix("one.safetensors: is a Git LFS pointer") == true)
    }

    @Test func weightsOfTheOtherFormat() throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.config, to: "config.json")
        try folder.write(SafetensorsWriter.file(["w": [1]]), to: "pytorch_model.bin")
        let error = #expect(throws: CheckpointError.self) { try CheckpointFolder.open(folder.url) }
        #expect(error?.description.contains("is a safetensors file") == true)
        try folder.write([0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 99), to: "model.safetensors")
        let other = #expect(throws: CheckpointError.self) { try CheckpointFolder.open(folder.url) }
        #expect(other?.description.contains("is a ZIP file, as PyTorch writes them") == true)
    }

    struct Names: CustomTestStringConvertible, Sendable {
        var names: [String]
        var says: String
        var remedy: String
        var testDescription: String { names.joined(separator: ", ") }
    }

    static let names: [Names] = [
        Names(
            names: ["llava.Q4_K_M.gguf", "mmproj.gguf"], says: "GGUF file (llava.Q4_K_M.gguf)", remedy: "Hugging Face"),
        Names(
            names: ["adapter_config.json", "adapter_model.safetensors"], says: "LoRA or PEFT", remedy: "\"org/base\""),
        Names(
            names: ["adapter_model.bin", "non_lora_trainables.bin"], says: "LoRA or PEFT", remedy: "merge_and_unload"),
        Names(names: ["consolidated.00.pth", "params.json"], says: "makers' own layout", remedy: "Hugging Face"),
        Names(names: ["consolidated.safetensors", "params.json"], says: "makers' own layout", remedy: "Hugging Face"),
        Names(names: ["tf_model.h5"], says: "TensorFlow", remedy: "Hugging Face"),
        Names(names: ["flax_model.msgpack"], says: "Flax", remedy: "Hugging Face"),
        Names(names: ["model.onnx"], says: "ONNX", remedy: "Hugging Face"),
        Names(names: ["last.ckpt"], says: "training run", remedy: "Hugging Face"),
        Names(names: ["weights.npz"], says: "MLX", remedy: "Hugging Face"),
        Names(names: ["openvino_language_model.xml"], says: "not imported here", remedy: "import the checkpoint"),
        Names(names: ["model.zip"], says: "packed folder", remedy: "unpack"),
        Names(names: ["model.safetensors.incomplete"], says: "unfinished download", remedy: "finish"),
        Names(names: ["model.safetensors.part"], says: "unfinished download", remedy: "finish"),
        Names(names: ["Unconfirmed 12.crdownload"], says: "unfinished download", remedy: "finish"),
        Names(names: ["model.safetensors.aria2"], says: "unfinished download", remedy: "finish"),
    ]

    /// With `config.json` beside them and without.
    @Test(arguments: names) func byTheirNames(_ item: Names) throws {
        for hasConfig in [true, false] {
            let folder = try TemporaryFolder()
            if hasConfig { try folder.write(Self.config, to: "config.json") }
            for name in item.names { try folder.write(#"{"base_model_name_or_path": "org/base"}"#, to: name) }
            let error = #expect(throws: CheckpointError.self) { try CheckpointFolder.open(folder.url) }
            #expect(error?.file == folder.url.path)
            #expect(error?.problem.contains(item.says) == true, "\(error?.description ?? "")")
            #expect(error?.description.contains(item.remedy) == true, "\(error?.description ?? "")")
        }
    }

    /// Transformers would load the adapter too, so that the base model's weights alone are not the answer.
    @Test func anAdapterBesideWeights() throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.config, to: "config.json")
        try folder.write("{}", to: "adapter_config.json")
        try folder.write(SafetensorsWriter.file(["w": [1]]), to: "model.safetensors")
        let error = #expect(throws: CheckpointError.self) { try CheckpointFolder.open(folder.url) }
        #expect(error?.problem.contains("adapter") == true)
    }

    @Test func aMissingShardOfAnUnfinishedDownload() throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.config, to: "config.json")
        try folder.write(#"{"weight_map": {"w": "one.safetensors"}}"#, to: "model.safetensors.index.json")
        try folder.write("x", to: "one.safetensors.incomplete")
        let error = #expect(throws: CheckpointError.self) { try CheckpointFolder.open(folder.url) }
        #expect(error?.file == "one.safetensors")
        #expect(error?.problem.contains("unfinished download (one.safetensors.incomplete)") == true)
    }

    @Test(arguments: [
        ("layers.0.q.qweight", "GPTQ or AWQ"), ("layers.0.q.weight.absmax", "bitsandbytes"),
        ("layers.0.q.SCB", "bitsandbytes"), ("layers.0.q.weight_packed", "compressed-tensors"),
        ("layers.0.q.weight_scale_inv", "8-bit floats"), ("layers.0.q.W_q", "HQQ"), ("layers.0.q.scales", "MLX"),
    ])
    func quantisedWeights(tensor: String, what: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.config, to: "config.json")
        let bytes = SafetensorsWriter.file(
            header: "{\(SafetensorsWriter.entry(tensor, "F32", [1], 0, 4))}", data: [0, 0, 0, 0])
        try folder.write(bytes, to: "model.safetensors")
        let error = #expect(throws: CheckpointError.self) { try CheckpointFolder.open(folder.url) }
        #expect(error?.code == .unsupported)
        #expect(error?.problem.contains(what) == true)
        #expect(error?.problem.contains(tensor) == true)
    }

    /// A cache's root, a model in it, and a folder of several.
    @Test func theFolderAboveTheRightOne() throws {
        let folder = try TemporaryFolder()
        let manager = FileManager.default
        let snapshot = "models--llava-hf--llava-1.5-7b-hf/snapshots/abc"
        for path in [snapshot, "other/model", ".hidden/model"] {
            let inner = folder.url.appendingPathComponent(path)
            try manager.createDirectory(at: inner, withIntermediateDirectories: true)
            try folder.write(Self.config, to: "\(path)/config.json")
        }
        func error(_ path: String) -> CheckpointError? {
            #expect(throws: CheckpointError.self) {
                try CheckpointFolder.open(path.isEmpty ? folder.url : folder.url.appendingPathComponent(path))
            }
        }
        let path = folder.url.path
        #expect(error("")?.description.contains("give one of \(path)/models--llava-hf") == false)
        #expect(error("")?.description.contains("\(path)/\(snapshot)") == true)
        #expect(error("")?.description.contains("\(path)/other/model") == true)
        #expect(error("")?.description.contains("hidden") == false)
        #expect(error("models--llava-hf--llava-1.5-7b-hf")?.description.hasSuffix("give \(path)/\(snapshot)") == true)
        #expect(error("other")?.description.hasSuffix("give \(path)/other/model") == true)
    }

    @Test func aFileInPlaceOfAFolder() throws {
        let folder = try TemporaryFolder()
        func error(_ name: String) -> CheckpointError? {
            #expect(throws: CheckpointError.self) {
                try CheckpointFolder.open(folder.url.appendingPathComponent(name))
            }
        }
        try folder.write(Array("GGUF".utf8), to: "m.gguf")
        #expect(error("m.gguf")?.problem.contains("GGUF") == true)
        try folder.write([0x50, 0x4B, 3, 4], to: "m.zip")
        #expect(error("m.zip")?.description.contains("is a packed folder; unpack it") == true)
        try folder.write(SafetensorsWriter.file(["w": [1]]), to: "m.safetensors")
        #expect(error("m.safetensors")?.description.contains("is a file; give the folder") == true)
    }

    /// As a Hugging Face cache keeps files: every one is a link to a blob.
    @Test func linksAreFollowed() throws {
        let folder = try TemporaryFolder()
        let manager = FileManager.default
        let inner = folder.url.appendingPathComponent("snapshot")
        try manager.createDirectory(at: inner, withIntermediateDirectories: true)
        let files = [
            "config.json": Array(Self.config.utf8), "model.safetensors": SafetensorsWriter.file(["w": [1, 2]]),
            "generation_config.json": Array("{}".utf8), "chat_template.jinja": Array("hello".utf8),
        ]
        for (name, bytes) in files {
            try folder.write(bytes, to: "blob-\(name)")
            try manager.createSymbolicLink(
                atPath: inner.appendingPathComponent(name).path, withDestinationPath: "../blob-\(name)")
        }
        let link = folder.url.appendingPathComponent("link")
        try manager.createSymbolicLink(atPath: link.path, withDestinationPath: "snapshot")
        for url in [inner, link] {
            let opened = try CheckpointFolder.open(url)
            #expect(opened.chatTemplate?.text == "hello")
            #expect(try opened.mappedWeights().tensors["w"]?.byteCount == 8)
        }
        // A link whose blob was removed.
        try manager.removeItem(at: folder.url.appendingPathComponent("blob-model.safetensors"))
        let error = #expect(throws: CheckpointError.self) { try CheckpointFolder.open(link) }
        #expect(error?.code == .missing)
    }
}
