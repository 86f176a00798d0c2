// Reading, inspecting and transforming models.
#include "handles.hpp"

#include <openvino/op/util/op_types.hpp>
#include <openvino/opsets/opset8.hpp>
#include <openvino/pass/sdpa_to_paged_attention.hpp>

using shim::guarded;

namespace {
void describe(const ov::Output<const ov::Node> &output, ovs_port *port) {
    const auto &names = output.get_names();
    const auto shape = output.get_partial_shape();
    port->element_type = shim::element_code(output.get_element_type());
    port->rank = shape.rank().is_dynamic() ? -1 : shape.rank().get_length();
    if (port->rank > 8) throw std::length_error("ports of more than 8 dimensions are not supported");
    for (int64_t i = 0; i < port->rank; ++i)
        port->dimensions[i] = shape[i].is_dynamic() ? -1 : shape[i].get_length();
    port->name = shim::copy(names.empty() ? std::string() : output.get_any_name());
}

// The MatMul whose result reaches `node` through element-wise work on one side only.
std::shared_ptr<ov::Node> head_above(std::shared_ptr<ov::Node> node) {
    for (int steps = 0; steps < 16; ++steps) {
        if (ov::is_type<ov::opset8::MatMul>(node)) return node;
        if (node->get_input_size() == 0) break;
        // Constants and their converts stand on the side that has no MatMul above it.
        auto next = node->get_input_node_shared_ptr(0);
        if (ov::op::util::is_constant(next) && node->get_input_size() > 1) next = node->get_input_node_shared_ptr(1);
        node = next;
    }
    throw std::runtime_error("no MatMul found before the output: this is not a language model's head");
}
} // namespace

extern "C" {

ovs_status ovs_core_read_model(ovs_core *core, const char *path, ovs_model **model) {
    return guarded([&] {
        auto result = std::make_unique<ovs_model>();
        result->value = core->value.read_model(path);
        *model = result.release();
    });
}

ovs_status ovs_core_read_model_memory(
    ovs_core *core, const char *xml, size_t xml_length, const ovs_tensor *weights, ovs_model **model) {
    return guarded([&] {
        auto result = std::make_unique<ovs_model>();
        result->value =
            core->value.read_model(std::string(xml, xml_length), weights ? weights->value : ov::Tensor());
        *model = result.release();
    });
}

void ovs_model_free(ovs_model *model) { delete model; }

ovs_status ovs_model_convert_to_paged_attention(ovs_model *model) {
    return guarded([&] { ov::pass::SDPAToPagedAttention().run_on_model(model->value); });
}

ovs_status ovs_model_gather_before_head(ovs_model *model, const char *output, const char *index_input) {
    return guarded([&] {
        auto head = head_above(model->value->output(output).get_node_shared_ptr()->get_input_node_shared_ptr(0));
        auto indices = std::make_shared<ov::opset8::Parameter>(ov::element::i64, ov::PartialShape{-1});
        indices->set_friendly_name(index_input);
        indices->output(0).set_names({index_input});
        auto axis = ov::opset8::Constant::create(ov::element::i64, ov::Shape{}, {0});
        auto gather = std::make_shared<ov::opset8::Gather>(head->input_value(0), indices, axis);
        head->input(0).replace_source_output(gather->output(0));
        model->value->add_parameters({indices});
        model->value->validate_nodes_and_infer_types();
    });
}

ovs_status ovs_model_op_count(const ovs_model *model, const char *type, size_t *count) {
    return guarded([&] {
        *count = 0;
        for (const auto &node : model->value->get_ops())
            if (std::strcmp(node->get_type_name(), type) == 0) ++*count;
    });
}

ovs_status ovs_model_smallest_group(const ovs_model *model, size_t *columns) {
    return guarded([&] {
        size_t least = 0;
        for (const auto &node : model->value->get_ops()) {
            if (!ov::is_type<ov::opset8::Constant>(node)) continue;
            const auto type = node->get_output_element_type(0);
            const auto shape = node->get_output_shape(0);
            // A single column is a zero point.
            if (type.bitwidth() != 4 || shape.size() < 2 || shape.back() < 2) continue;
            if (least == 0 || shape.back() < least) least = shape.back();
        }
        *columns = least;
    });
}

ovs_status ovs_model_save(const ovs_model *model, const char *path) {
    return guarded([&] { ov::save_model(model->value, path, /*compress_to_fp16=*/false); });
}

ovs_status ovs_model_port_count(const ovs_model *model, bool inputs, size_t *count) {
    return guarded([&] { *count = inputs ? model->value->inputs().size() : model->value->outputs().size(); });
}

ovs_status ovs_model_port(const ovs_model *model, bool inputs, size_t index, ovs_port *port) {
    return guarded([&] {
        std::shared_ptr<const ov::Model> constant = model->value;
        describe(inputs ? constant->input(index) : constant->output(index), port);
    });
}

ovs_status ovs_compiled_port_count(const ovs_compiled *compiled, bool inputs, size_t *count) {
    return guarded([&] { *count = inputs ? compiled->value.inputs().size() : compiled->value.outputs().size(); });
}

ovs_status ovs_compiled_port(const ovs_compiled *compiled, bool inputs, size_t index, ovs_port *port) {
    return guarded([&] {
        describe(inputs ? compiled->value.inputs().at(index) : compiled->value.outputs().at(index), port);
    });
}
}
