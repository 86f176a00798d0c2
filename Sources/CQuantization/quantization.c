#include "cquantization.h"

#include <float.h>
#include <math.h>
#include <string.h>

// In C because Swift gives no hold on vector code for several processors in one program.
#ifndef __has_feature
#define __has_feature(name) 0
#endif
// The thread sanitizer is not there yet when the choice is made.
#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define VECTORS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTORS
#endif

// Into the functions above, so that they take on the processor's vectors.
#define INLINE static inline __attribute__((always_inline))

// Half precision by integer arithmetic, the same on every processor (and no compiler support needed).
INLINE float widen_half(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = half & 0x7FFF;
    uint32_t bits = rest << 13;
    float value;
    if (rest >= 0x7C00) {
        bits |= 0x7F800000;
        memcpy(&value, &bits, 4);
    } else {
        // Scaling by 2^112 moves the exponent and makes subnormal halves normal.
        memcpy(&value, &bits, 4);
        value *= 0x1p112f;
    }
    uint32_t result;
    memcpy(&result, &value, 4);
    result |= sign;
    memcpy(&value, &result, 4);
    return value;
}

INLINE uint16_t narrow_half(float value, bool *fits) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    uint16_t sign = (uint16_t)(bits >> 16) & 0x8000;
    bits &= 0x7FFFFFFF;
    float magnitude;
    memcpy(&magnitude, &bits, 4);
    if (!(magnitude < 65520.0f)) {
        *fits = false;
        return sign | 0x7C00;
    }
    if (magnitude < 0x1p-14f) {
        // Subnormal: adding 0.5 rounds to a multiple of 2^-24.
        float shifted = magnitude + 0.5f;
        memcpy(&bits, &shifted, 4);
        return sign | (uint16_t)(bits - 0x3F000000);
    }
    uint32_t rounded = bits + 0xFFF + ((bits >> 13) & 1);
    return sign | (uint16_t)((rounded - 0x38000000) >> 13);
}

VECTORS bool cq_widen(const void *source, int type, size_t count, float *target) {
    float worst = 0;
    if (type == CQ_F32) {
        memcpy(target, source, count * sizeof(float));
    } else if (type == CQ_F16) {
        const uint16_t *halves = source;
        for (size_t i = 0; i < count; ++i) target[i] = widen_half(halves[i]);
    } else {
        const uint16_t *halves = source;
        for (size_t i = 0; i < count; ++i) {
            uint32_t bits = (uint32_t)halves[i] << 16;
            memcpy(&target[i], &bits, 4);
        }
    }
    // x - x is 0 for finite numbers only.
    for (size_t i = 0; i < count; ++i) {
        float difference = target[i] - target[i];
        worst = difference == 0 ? worst : 1;
    }
    return worst == 0;
}

VECTORS bool cq_narrow(const float *source, size_t count, uint16_t *target) {
    bool fits = true;
    for (size_t i = 0; i < count; ++i) target[i] = narrow_half(source[i], &fits);
    return fits;
}

INLINE float largest(const float *source, size_t count) {
    float result = 0;
    for (size_t i = 0; i < count; ++i) {
        float magnitude = fabsf(source[i]);
        result = magnitude > result ? magnitude : result;
    }
    return result;
}

VECTORS bool cq_int8(const float *source, size_t rows, size_t columns, int8_t *values, uint16_t *scales) {
    bool fits = true;
    for (size_t row = 0; row < rows; ++row) {
        const float *line = source + row * columns;
        scales[row] = narrow_half(largest(line, columns) / 127, &fits);
        float scale = widen_half(scales[row]);
        float inverse = scale > 0 ? 1 / scale : 0;
        for (size_t i = 0; i < columns; ++i) {
            float value = rintf(line[i] * inverse);
            value = value > 127 ? 127 : value < -127 ? -127 : value;
            values[row * columns + i] = (int8_t)value;
        }
    }
    return fits;
}

INLINE float level(float scaled) {
    float value = rintf(scaled);
    value = value < -8 ? -8 : value;
    return value > 7 ? 7 : value;
}

// For the levels q that `inverse` gives, the best scale is Σxq / Σq² and takes (Σxq)² / Σq² off the squared error.
INLINE float gain(const float *source, size_t count, float inverse, float *scale) {
#pragma clang fp reassociate(on) contract(fast)
    float xq = 0, qq = 0;
    for (size_t i = 0; i < count; ++i) {
        float q = level(source[i] * inverse);
        xq += source[i] * q;
        qq += q * q;
    }
    *scale = qq > 0 ? xq / qq : 0;
    return qq > 0 ? xq * xq / qq : 0;
}

INLINE float squared_error(const float *source, size_t count, float scale) {
#pragma clang fp reassociate(on) contract(fast)
    float inverse = scale != 0 ? 1 / scale : 0, total = 0;
    for (size_t i = 0; i < count; ++i) {
        float difference = source[i] - level(source[i] * inverse) * scale;
        total += difference * difference;
    }
    return total;
}

// The level that a group's largest value is put at, before it is clipped to -8 ... 7: clipping a little pays for finer
// steps. Either sign, since -8 reaches further than 7.
static const float extreme_levels[] = {-7.5f, -8, -8.5f, -9, -9.5f, -10, -10.5f, -11.5f, 7, 7.5f, 8, 9};

INLINE float best_scale(const float *source, size_t count) {
#pragma clang fp reassociate(on)
    float high = 0, low = 0;
    for (size_t i = 0; i < count; ++i) {
        high = source[i] > high ? source[i] : high;
        low = source[i] < low ? source[i] : low;
    }
    float extreme = high > -low ? high : low;
    // Below this a reciprocal would overflow; such a group is zero in f16 anyway.
    if (fabsf(extreme) < 0x1p-20f) return extreme / -8;
    float best = 0, found = extreme / -8;
    for (size_t k = 0; k < sizeof extreme_levels / sizeof *extreme_levels; ++k) {
        float scale;
        float value = gain(source, count, extreme_levels[k] / extreme, &scale);
        if (value > best) {
            best = value;
            found = scale;
        }
    }
    return found;
}

INLINE bool quantize_groups(const float *source, size_t count, size_t group, uint8_t *values, uint16_t *scales) {
    bool fits = true;
    for (size_t start = 0; start < count; start += group) {
        const float *line = source + start;
        float scale = best_scale(line, group);
        // One more round of the same search: the levels of the best scale may allow a better one still.
        if (scale != 0) {
            float again;
            gain(line, group, 1 / scale, &again);
            if (squared_error(line, group, again) < squared_error(line, group, scale)) scale = again;
        }
        scales[start / group] = narrow_half(scale, &fits);
        scale = widen_half(scales[start / group]);
        float inverse = scale != 0 ? 1 / scale : 0;
        uint8_t levels[128];
        for (size_t i = 0; i < group; ++i) levels[i] = (uint8_t)(int8_t)level(line[i] * inverse) & 15;
        for (size_t i = 0; i < group / 2; ++i)
            values[start / 2 + i] = (uint8_t)(levels[2 * i] | levels[2 * i + 1] << 4);
    }
    return fits;
}

VECTORS bool cq_int4(
    const float *source, size_t rows, size_t columns, size_t group, uint8_t *values, uint16_t *scales) {
    // A constant group size unrolls the loops.
    switch (group) {
    case 128: return quantize_groups(source, rows * columns, 128, values, scales);
    case 64: return quantize_groups(source, rows * columns, 64, values, scales);
    case 32: return quantize_groups(source, rows * columns, 32, values, scales);
    default: return false;
    }
}
