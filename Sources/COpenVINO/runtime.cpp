// Core, compiled model, request and tensor.
#include "handles.hpp"

using shim::guarded;

namespace shim {
namespace {
struct Pair {
    int32_t code;
    ov::element::Type type;
};
const Pair pairs[] = {
    {OVS_BOOLEAN, ov::element::boolean}, {OVS_F32, ov::element::f32}, {OVS_F16, ov::element::f16},
    {OVS_BF16, ov::element::bf16},       {OVS_I8, ov::element::i8},   {OVS_U8, ov::element::u8},
    {OVS_I32, ov::element::i32},         {OVS_I64, ov::element::i64}, {OVS_I4, ov::element::i4},
    {OVS_U4, ov::element::u4},           {OVS_F64, ov::element::f64},
};
} // namespace

ov::element::Type element_type(int32_t code) {
    for (const auto &pair : pairs)
        if (pair.code == code) return pair.type;
    throw std::invalid_argument("unknown element type");
}

int32_t element_code(const ov::element::Type &type) {
    for (const auto &pair : pairs)
        if (pair.type == type) return pair.code;
    return OVS_OTHER;
}
} // namespace shim

extern "C" {

void ovs_status_free(ovs_status status) {
    if (status != shim::out_of_memory) std::free(status);
}
void ovs_string_free(char *string) { std::free(string); }
int64_t ovs_live_handles(void) { return shim::live_handles.load(); }
const char *ovs_runtime_version(void) { return ov::get_openvino_version().buildNumber; }

ovs_status ovs_core_create(ovs_core **core) {
    return guarded([&] {
        // oneDNN, inside the runtime, keeps the kernels of 1,024 shapes for the whole process, beside those that each
        // compiled model keeps, and grows by 100 MB and more on the way. It can be told in the environment only. What a
        // user has set stays.
        static const int once = setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64", 0);
        static_cast<void>(once);
        *core = new ovs_core();
    });
}
void ovs_core_free(ovs_core *core) { delete core; }

ovs_status ovs_core_devices(ovs_core *core, char **comma_separated) {
    return guarded([&] {
        std::string all;
        for (const auto &device : core->value.get_available_devices()) all += (all.empty() ? "" : ",") + device;
        *comma_separated = shim::copy(all);
    });
}

ovs_status ovs_core_property(ovs_core *core, const char *device, const char *name, char **value) {
    return guarded([&] { *value = shim::copy(core->value.get_property(device, name).as<std::string>()); });
}

ovs_status ovs_core_compile(
    ovs_core *core, const ovs_model *model, const char *device, const char *const *names, const char *const *values,
    size_t property_count, ovs_compiled **compiled) {
    return guarded([&] {
        ov::AnyMap properties;
        for (size_t i = 0; i < property_count; ++i) properties[names[i]] = std::string(values[i]);
        auto result = std::make_unique<ovs_compiled>();
        result->value = core->value.compile_model(model->value, device, properties);
        *compiled = result.release();
    });
}

void ovs_compiled_free(ovs_compiled *compiled) { delete compiled; }

ovs_status ovs_compiled_property(const ovs_compiled *compiled, const char *name, char **value) {
    return guarded([&] { *value = shim::copy(compiled->value.get_property(name).as<std::string>()); });
}

ovs_status ovs_compiled_executed_count(const ovs_compiled *compiled, const char *type, size_t *count) {
    return guarded([&] {
        *count = 0;
        for (const auto &node : compiled->value.get_runtime_model()->get_ops()) {
            const auto &info = node->get_rt_info();
            const auto found = info.find("layerType");
            if (found != info.end() && found->second.as<std::string>() == type) ++*count;
        }
    });
}

ovs_status ovs_compiled_request(ovs_compiled *compiled, ovs_request **request) {
    return guarded([&] {
        auto result = std::make_unique<ovs_request>();
        result->value = compiled->value.create_infer_request();
        *request = result.release();
    });
}

void ovs_request_free(ovs_request *request) { delete request; }

ovs_status ovs_request_set(ovs_request *request, const char *port, const ovs_tensor *tensor) {
    return guarded([&] { request->value.set_tensor(port, tensor->value); });
}

ovs_status ovs_request_get(ovs_request *request, const char *port, ovs_tensor **tensor) {
    return guarded([&] {
        auto result = std::make_unique<ovs_tensor>();
        result->value = request->value.get_tensor(port);
        *tensor = result.release();
    });
}

ovs_status ovs_request_infer(ovs_request *request) {
    return guarded([&] { request->value.infer(); });
}
ovs_status ovs_request_reset_state(ovs_request *request) {
    return guarded([&] { request->value.reset_state(); });
}
ovs_status ovs_request_cancel(ovs_request *request) {
    return guarded([&] { request->value.cancel(); });
}

ovs_status ovs_tensor_create(int32_t element_type, const size_t *shape, size_t rank, ovs_tensor **tensor) {
    return guarded([&] {
        auto result = std::make_unique<ovs_tensor>();
        result->value = ov::Tensor(shim::element_type(element_type), ov::Shape(shape, shape + rank));
        *tensor = result.release();
    });
}

ovs_status ovs_tensor_wrap(
    int32_t element_type, const size_t *shape, size_t rank, void *memory, ovs_tensor **tensor) {
    return guarded([&] {
        auto result = std::make_unique<ovs_tensor>();
        result->value = ov::Tensor(shim::element_type(element_type), ov::Shape(shape, shape + rank), memory);
        *tensor = result.release();
    });
}

void ovs_tensor_free(ovs_tensor *tensor) { delete tensor; }

ovs_status ovs_tensor_reshape(ovs_tensor *tensor, const size_t *shape, size_t rank) {
    return guarded([&] { tensor->value.set_shape(ov::Shape(shape, shape + rank)); });
}

ovs_status ovs_tensor_info(
    const ovs_tensor *tensor, int32_t *element_type, size_t *shape, size_t *rank, size_t *byte_count) {
    return guarded([&] {
        const auto &dimensions = tensor->value.get_shape();
        if (dimensions.size() > 8) throw std::length_error("tensors of more than 8 dimensions are not supported");
        *element_type = shim::element_code(tensor->value.get_element_type());
        *rank = dimensions.size();
        for (size_t i = 0; i < dimensions.size(); ++i) shape[i] = dimensions[i];
        *byte_count = tensor->value.get_byte_size();
    });
}

ovs_status ovs_tensor_data(const ovs_tensor *tensor, void **data) {
    return guarded([&] {
        auto view = tensor->value;
        *data = view.data();
    });
}
}
