// The C face of the shim over OpenVINO's public C++ API.
//
// Every function that can fail returns an ovs_status: NULL for success, otherwise a message that the caller owns and
// frees with ovs_status_free. No exception leaves the shim; without memory it is OVS_OUT_OF_MEMORY. Handles are opaque;
// each is freed once by its own function, in any order: OpenVINO's objects keep alive what they need of each other, except memory wrapped by ovs_tensor_wrap,
// which its caller keeps until the tensor and everything made from it are gone.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OVS_OUT_OF_MEMORY "out of memory"
typedef char *ovs_status;
void ovs_status_free(ovs_status status);
// Strings that functions give out are owned by the caller.
void ovs_string_free(char *string);

typedef struct ovs_core ovs_core;
typedef struct ovs_model ovs_model;
typedef struct ovs_compiled ovs_compiled;
typedef struct ovs_request ovs_request;
typedef struct ovs_tensor ovs_tensor;

// Handles of all kinds that are alive now: for leak tests.
int64_t ovs_live_handles(void);
const char *ovs_runtime_version(void);

// Core
ovs_status ovs_core_create(ovs_core **core);
void ovs_core_free(ovs_core *core);
ovs_status ovs_core_devices(ovs_core *core, char **comma_separated);
ovs_status ovs_core_property(ovs_core *core, const char *device, const char *name, char **value);
ovs_status ovs_core_read_model(ovs_core *core, const char *path, ovs_model **model);
// weights may be NULL. The tensor's memory must outlive the model and all that is compiled from it.
ovs_status ovs_core_read_model_memory(
    ovs_core *core, const char *xml, size_t xml_length, const ovs_tensor *weights, ovs_model **model);
ovs_status ovs_core_compile(
    ovs_core *core, const ovs_model *model, const char *device, const char *const *names, const char *const *values,
    size_t property_count, ovs_compiled **compiled);

// Model
void ovs_model_free(ovs_model *model);
// Runs SDPAToPagedAttention. Its answer says little: see ovs_model_op_count for what to assert afterwards.
ovs_status ovs_model_convert_to_paged_attention(ovs_model *model);
// Puts Gather(axis 0, new input `index_input`) before the last MatMul on the way to output `output`.
ovs_status ovs_model_gather_before_head(ovs_model *model, const char *output, const char *index_input);
// Nodes of this type (as in "ReadValue"), any opset.
ovs_status ovs_model_op_count(const ovs_model *model, const char *type, size_t *count);
// The fewest columns of a 4-bit matrix that share a scale: the last dimension of its constant. 0: it has no such matrix.
ovs_status ovs_model_smallest_group(const ovs_model *model, size_t *columns);
ovs_status ovs_model_save(const ovs_model *model, const char *path);

// Ports of a model or compiled model. Dimensions: -1 is dynamic. rank -1: dynamic rank.
typedef struct {
    char *name; // first tensor name, "" if it has none
    int32_t element_type;
    int64_t rank;
    int64_t dimensions[8];
} ovs_port;
ovs_status ovs_model_port_count(const ovs_model *model, bool inputs, size_t *count);
ovs_status ovs_model_port(const ovs_model *model, bool inputs, size_t index, ovs_port *port);
ovs_status ovs_compiled_port_count(const ovs_compiled *compiled, bool inputs, size_t *count);
ovs_status ovs_compiled_port(const ovs_compiled *compiled, bool inputs, size_t index, ovs_port *port);

// Compiled model
void ovs_compiled_free(ovs_compiled *compiled);
ovs_status ovs_compiled_property(const ovs_compiled *compiled, const char *name, char **value);
// Nodes of the execution graph whose layer type is `type` (as in "RoPE").
ovs_status ovs_compiled_executed_count(const ovs_compiled *compiled, const char *type, size_t *count);
ovs_status ovs_compiled_request(ovs_compiled *compiled, ovs_request **request);

// Request
void ovs_request_free(ovs_request *request);
ovs_status ovs_request_set(ovs_request *request, const char *port, const ovs_tensor *tensor);
ovs_status ovs_request_get(ovs_request *request, const char *port, ovs_tensor **tensor);
ovs_status ovs_request_infer(ovs_request *request);
ovs_status ovs_request_reset_state(ovs_request *request);
// Safe from another thread while ovs_request_infer runs; that call then fails.
ovs_status ovs_request_cancel(ovs_request *request);

// Tensor. Element types are numbered as below on both sides of the shim.
enum {
    OVS_BOOLEAN = 0, OVS_F32 = 1, OVS_F16 = 2, OVS_BF16 = 3, OVS_I8 = 4, OVS_U8 = 5, OVS_I32 = 6, OVS_I64 = 7,
    OVS_I4 = 8, OVS_U4 = 9, OVS_F64 = 10, OVS_OTHER = -1
};
ovs_status ovs_tensor_create(int32_t element_type, const size_t *shape, size_t rank, ovs_tensor **tensor);
ovs_status ovs_tensor_wrap(
    int32_t element_type, const size_t *shape, size_t rank, void *memory, ovs_tensor **tensor);
void ovs_tensor_free(ovs_tensor *tensor);
// Larger shapes allocate, smaller ones reuse the memory.
ovs_status ovs_tensor_reshape(ovs_tensor *tensor, const size_t *shape, size_t rank);
// shape holds 8 places.
ovs_status ovs_tensor_info(
    const ovs_tensor *tensor, int32_t *element_type, size_t *shape, size_t *rank, size_t *byte_count);
ovs_status ovs_tensor_data(const ovs_tensor *tensor, void **data);

#ifdef __cplusplus
}
#endif
