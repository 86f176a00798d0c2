import Foundation
import OrderedJSON

/// What a folder is that is no checkpoint to run, by the names in it.
struct FolderKind {
    let url: URL
    /// Of its files and folders, sorted; links are not told from what they lead to.
    let names: [String]

    init(_ url: URL) {
        self.url = url
        names = ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
    }

    private func first(_ suffixes: String...) -> String? {
        names.first { name in suffixes.contains { name.lowercased().hasSuffix($0) } }
    }

    private func refusal(_ problem: String, _ remedy: String) -> CheckpointError {
        CheckpointError(.unsupported, file: url.path, problem: problem, remedy: remedy)
    }

    /// A folder of an adapter, whose weights are differences to another model's.
    func adapter() -> CheckpointError? {
        guard let name = names.first(where: { $0 == "adapter_config.json" || $0.hasPrefix("adapter_model.") }) else {
            return nil
        }
        var base = "its base model"
        if let object = try? ConfigObject(contentsOf: url.appendingPathComponent("adapter_config.json"), name: name),
            case .string(let path) = object["base_model_name_or_path"]
        {
            base += " \(CheckpointError.quoted(path))"
        }
        return refusal(
            "holds a LoRA or PEFT adapter (\(name)), not a whole model",
            "merge it into \(base) (merge_and_unload in PEFT), and give the folder that the result is saved in")
    }

    /// Weights in another form, an unfinished download, or the folder above the right one; `nil` for none of these.
    func otherThanCheckpoint() -> CheckpointError? {
        if let adapter = adapter() { return adapter }
        if let name = unfinished {
            return CheckpointError(
                .missing, file: url.path, problem: "holds an unfinished download (\(name))",
                remedy: "finish the download, or start it again")
        }
        if let name = first(".gguf") {
            return refusal("holds a GGUF file (\(name)), which is made for llama.cpp", FileKind.original)
        }
        if names.contains("params.json"), let name = names.first(where: { $0.hasPrefix("consolidated.") }) {
            return refusal("holds weights in their makers' own layout (\(name), params.json)", FileKind.original)
        }
        if let name = names.first(where: { $0.hasPrefix("openvino_") && $0.hasSuffix(".xml") }) {
            return refusal(
                "holds a model exported for OpenVINO (\(name)) that was not imported here",
                "import the checkpoint it was made from; that export's language model can be used for it")
        }
        for (suffixes, what) in [
            ([".h5"], "TensorFlow"), ([".msgpack"], "Flax"), ([".onnx", ".onnx_data"], "ONNX"),
            ([".ckpt"], "a training run (.ckpt)"), ([".mlmodel", ".mlpackage"], "Core ML"),
            ([".tflite"], "TensorFlow Lite"), ([".npz"], "MLX or NumPy"),
        ] {
            guard let name = names.first(where: { name in suffixes.contains { name.lowercased().hasSuffix($0) } })
            else { continue }
            return refusal("holds weights of \(what) (\(name))", FileKind.original)
        }
        if let name = first(".zip", ".tar", ".tar.gz", ".tgz", ".7z") {
            return refusal("holds a packed folder (\(name))", "unpack it and give the folder that comes out")
        }
        return nil
    }

    /// A file that a download left unfinished.
    var unfinished: String? { first(".incomplete", ".part", ".partial", ".crdownload", ".aria2", ".download") }

    /// Checkpoints further down: a collection of them, or a cache.
    func checkpointsInside() -> CheckpointError? {
        let found = Self.configurations(below: url)
        guard !found.isEmpty else { return nil }
        let shown = found.prefix(3).joined(separator: ", ") + (found.count > 3 ? ", …" : "")
        return CheckpointError(
            .missing, file: url.path, problem: "is no checkpoint, but has \(found.count == 1 ? "one" : "some") inside",
            remedy: "give \(found.count == 1 ? shown : "one of \(shown)")")
    }

    /// Folders with a `config.json` or a manifest, at most four levels down, by path. Looks at a bounded number of folders.
    private static func configurations(below url: URL) -> [String] {
        let manager = FileManager.default
        var level = [url]
        var found: [String] = []
        var looked = 0
        for _ in 0..<4 where found.count < 16 {
            var next: [URL] = []
            for folder in level {
                let names = ((try? manager.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
                for name in names where !name.hasPrefix(".") && looked < 1000 {
                    let inner = folder.appendingPathComponent(name)
                    var isFolder: ObjCBool = false
                    guard manager.fileExists(atPath: inner.path, isDirectory: &isFolder), isFolder.boolValue else {
                        continue
                    }
                    looked += 1
                    let holds = ["config.json", "hired.json"].contains {
                        manager.fileExists(atPath: inner.appendingPathComponent($0).path)
                    }
                    if holds { found.append(inner.path) } else { next.append(inner) }
                }
            }
            level = next
        }
        return found
    }
}

/// Weights that were quantised by another program, by the names of their tensors.
enum QuantisedTensors {
    private static let marks: [(suffix: String, what: String)] = [
        (".qweight", "GPTQ or AWQ"), (".qzeros", "GPTQ or AWQ"), (".absmax", "bitsandbytes (4 bits)"),
        (".quant_map", "bitsandbytes (4 bits)"), (".SCB", "bitsandbytes (8 bits)"),
        (".weight_format", "bitsandbytes (8 bits)"), (".weight_packed", "compressed-tensors"),
        (".weight_scale_inv", "block-wise 8-bit floats"), (".weight_scale", "compressed-tensors or 8-bit floats"),
        (".W_q", "HQQ"), (".codebooks", "AQLM"), (".weight._data", "Quanto"), (".scales", "GPTQ, AWQ or MLX"),
    ]

    /// - Throws: `CheckpointError` (`unsupported`) naming the first such tensor.
    static func refuse(in weights: any WeightSource) throws {
        for (suffix, what) in marks {
            guard let name = weights.tensors.keys.filter({ $0.hasSuffix(suffix) }).min() else { continue }
            throw CheckpointError(
                .unsupported, file: weights.tensors[name]?.file ?? "",
                problem: "holds weights quantised with \(what) (tensor \(CheckpointError.quoted(name)))",
                remedy: "give the unquantised checkpoint (F32, F16 or BF16)")
        }
    }
}
