import ElementTypes
import ModelGraphs
import Testing

/// Tables of weights that exist by name and shape only: enough to build graphs that never run.
enum SyntheticWeights {
    static func table(
        _ shapes: [(String, GraphShape)], type: ElementType = .f16
    ) throws -> WeightTable {
        var offset = 0
        return WeightTable(
            try shapes.map { name, shape in
                let size = try #require(shape.elementCount.flatMap(type.byteCount(elementCount:)))
                defer { offset += size }
                return try WeightTensor(
                    name: name, elementType: type, shape: shape, byteOffset: offset, byteCount: size)
            })
    }

    static func decoder(_ shape: DecoderShape, prefix: String = "m.", head: String = "head.weight") -> [(
        String, GraphShape
    )] {
        let (width, inner) = (shape.hiddenSize, shape.intermediateSize)
        let (queries, keys) = (shape.headCount * shape.headSize, shape.keyValueHeadCount * shape.headSize)
        var shapes: [(String, GraphShape)] = [
            (prefix + "embed_tokens.weight", [shape.vocabularySize, width]), (prefix + "norm.weight", [width]),
        ]
        if !shape.tiesHeadToEmbeddings { shapes.append((head, [shape.vocabularySize, width])) }
        for layer in 0..<shape.layerCount {
            let name = "\(prefix)layers.\(layer)."
            let linears: [(String, Int, Int, Bool)] = [
                ("self_attn.q_proj", queries, width, shape.biases.queryKeyValue),
                ("self_attn.k_proj", keys, width, shape.biases.queryKeyValue),
                ("self_attn.v_proj", keys, width, shape.biases.queryKeyValue),
                ("self_attn.o_proj", width, queries, shape.biases.attentionOutput),
                ("mlp.gate_proj", inner, width, shape.biases.feedForward),
                ("mlp.up_proj", inner, width, shape.biases.feedForward),
                ("mlp.down_proj", width, inner, shape.biases.feedForward),
            ]
            shapes += [
                (name + "input_layernorm.weight", [width]), (name + "post_attention_layernorm.weight", [width]),
            ]
            for (linear, outputs, inputs, bias) in linears {
                shapes.append((name + linear + ".weight", [outputs, inputs]))
                if bias { shapes.append((name + linear + ".bias", [outputs])) }
            }
        }
        return shapes
    }

    static func vision(_ shape: VisionTowerShape, prefix: String = "v.", layers: Int? = nil) -> [(String, GraphShape)] {
        let (width, inner) = (shape.hiddenSize, shape.intermediateSize)
        var shapes: [(String, GraphShape)] = [
            (prefix + "embeddings.class_embedding", [width]),
            (
                prefix + "embeddings.patch_embedding.weight",
                [width, shape.channelCount, shape.patchSize, shape.patchSize]
            ),
            (prefix + "embeddings.position_embedding.weight", [shape.patchCount + 1, width]),
            (prefix + "pre_layrnorm.weight", [width]), (prefix + "pre_layrnorm.bias", [width]),
        ]
        for layer in 0..<(layers ?? shape.layerCount) {
            let name = "\(prefix)encoder.layers.\(layer)."
            for norm in ["layer_norm1", "layer_norm2"] {
                shapes += [(name + norm + ".weight", [width]), (name + norm + ".bias", [width])]
            }
            for linear in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                shapes += [
                    (name + "self_attn.\(linear).weight", [width, width]),
                    (name + "self_attn.\(linear).bias", [width]),
                ]
            }
            shapes += [
                (name + "mlp.fc1.weight", [inner, width]), (name + "mlp.fc1.bias", [inner]),
                (name + "mlp.fc2.weight", [width, inner]), (name + "mlp.fc2.bias", [width]),
            ]
        }
        return shapes
    }
}
