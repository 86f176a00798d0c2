// What the opaque handles of copenvino.h hold, and the one place where exceptions end.
#pragma once

#include "copenvino.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <openvino/openvino.hpp>
#include <string>

namespace shim {
inline std::atomic<int64_t> live_handles{0};

// Counts a handle from its construction to its destruction.
struct Counted {
    Counted() { live_handles.fetch_add(1, std::memory_order_relaxed); }
    ~Counted() { live_handles.fetch_sub(1, std::memory_order_relaxed); }
    Counted(const Counted &) = delete;
    Counted &operator=(const Counted &) = delete;
};

// A string that the caller owns.
inline char *copy(const std::string &text) {
    auto *out = static_cast<char *>(std::malloc(text.size() + 1));
    if (!out) throw std::bad_alloc();
    std::memcpy(out, text.c_str(), text.size() + 1);
    return out;
}

// The status when there is no memory left, not even for a message. Never freed.
inline char out_of_memory[] = OVS_OUT_OF_MEMORY;

inline ovs_status failure(const char *message) noexcept {
    const auto size = std::strlen(message) + 1;
    auto *out = static_cast<char *>(std::malloc(size));
    if (!out) return out_of_memory;
    std::memcpy(out, message, size);
    return out;
}

// Runs body; an exception becomes its message.
template <typename Body> ovs_status guarded(Body &&body) noexcept {
    try {
        body();
        return nullptr;
    } catch (const std::bad_alloc &) {
        return out_of_memory;
    } catch (const std::exception &error) {
        // OpenVINO's allocator wraps the standard library's exception into one of its own.
        if (std::strstr(error.what(), "runtime/allocator.cpp")) return out_of_memory;
        return failure(error.what());
    } catch (...) {
        return failure("unknown exception");
    }
}

ov::element::Type element_type(int32_t code);
int32_t element_code(const ov::element::Type &type);
} // namespace shim

struct ovs_core : shim::Counted {
    ov::Core value;
};
struct ovs_model : shim::Counted {
    std::shared_ptr<ov::Model> value;
};
struct ovs_compiled : shim::Counted {
    ov::CompiledModel value;
};
struct ovs_request : shim::Counted {
    ov::InferRequest value;
};
struct ovs_tensor : shim::Counted {
    ov::Tensor value;
};
