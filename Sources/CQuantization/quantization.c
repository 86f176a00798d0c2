#include "cquantization.h"

#include <float.h>
#include <math.h>
#include <string.h>

// In C because Swift gives no hold on vector code for several processors in one program.
#if defined(__x86_64__) && defined(__linux__)
#define VECTORS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTORS
#endif

#define LANES 16
typedef float floats __attribute__((vector_size(4 * LANES)));
typedef int32_t ints __attribute__((vector_size(4 * LANES)));

// Half precision by integer arithmetic, the same on every processor (and no compiler support needed).
static inline float widen_half(uint16_t half) {
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

static inline uint16_t narrow_half(float value, bool *fits) {
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

static inline float largest(const float *source, size_t count) {
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

// Adding and subtracting 1.5 * 2^23 rounds to the nearest whole number, ties to even, for magnitudes below 2^22.
static inline floats rounded_level(floats scaled) {
    const float magic = 12582912.0f;
    floats low = (floats){} - 8, high = (floats){} + 7;
    floats value = __builtin_elementwise_min(__builtin_elementwise_max(scaled, low), high);
    return (value + magic) - magic;
}

static inline float sum(floats value) {
    float result = 0;
    for (int i = 0; i < LANES; ++i) result += value[i];
    return result;
}

// For the levels q that `inverse` gives, the best scale is Σxq / Σq² and takes (Σxq)² / Σq² off the squared error.
static inline float gain(const float *source, size_t count, float inverse, float *scale) {
    floats products = {}, squares = {};
    for (size_t i = 0; i < count; i += LANES) {
        floats x;
        memcpy(&x, source + i, sizeof x);
        floats q = rounded_level(x * inverse);
        products += x * q;
        squares += q * q;
    }
    float xq = sum(products), qq = sum(squares);
    *scale = qq > 0 ? xq / qq : 0;
    return qq > 0 ? xq * xq / qq : 0;
}

static inline float squared_error(const float *source, size_t count, float scale) {
    float inverse = scale != 0 ? 1 / scale : 0;
    floats total = {};
    for (size_t i = 0; i < count; i += LANES) {
        floats x;
        memcpy(&x, source + i, sizeof x);
        floats difference = x - rounded_level(x * inverse) * scale;
        total += difference * difference;
    }
    return sum(total);
}

// The level that a group's largest value is put at, before it is clipped to -8 ... 7: clipping a little pays for finer
// steps. Either sign, since -8 reaches further than 7.
static const float extreme_levels[] = {-7.5f, -8, -8.5f, -9, -9.5f, -10, -10.5f, -11.5f, 7, 7.5f, 8, 9};

static inline float best_scale(const float *source, size_t count) {
    float extreme = 0;
    for (size_t i = 0; i < count; ++i) extreme = fabsf(source[i]) > fabsf(extreme) ? source[i] : extreme;
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

VECTORS bool cq_int4(
    const float *source, size_t rows, size_t columns, size_t group, uint8_t *values, uint16_t *scales) {
    bool fits = true;
    for (size_t start = 0; start < rows * columns; start += group) {
        const float *line = source + start;
        float scale = best_scale(line, group);
        // One more round of the same search: the levels of the best scale may allow a better one still.
        float again;
        if (scale != 0) {
            gain(line, group, 1 / scale, &again);
            if (squared_error(line, group, again) < squared_error(line, group, scale)) scale = again;
        }
        uint16_t half = narrow_half(scale, &fits);
        scales[start / group] = half;
        scale = widen_half(half);
        float inverse = scale != 0 ? 1 / scale : 0;
        for (size_t i = 0; i < group; i += LANES) {
            floats x;
            memcpy(&x, line + i, sizeof x);
            ints q = __builtin_convertvector(rounded_level(x * inverse), ints);
            for (int k = 0; k < LANES; k += 2)
                values[(start + i + k) / 2] = (uint8_t)((q[k] & 15) | (q[k + 1] & 15) << 4);
        }
    }
    return fits;
}
