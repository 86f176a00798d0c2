// The two passes of a resize in Pillow's arithmetic (src/libImaging/Resample.c, 8 bits a channel): 32-bit sums with 22
// fraction bits, half added, shifted, clipped.
#include "cimagecodecs.h"

#include <string.h>

// The loops are compiled for AVX2 too and chosen when the program starts: SSE2 has no 32-bit multiplication.
#ifndef __has_feature
#define __has_feature(name) 0
#endif
// The thread sanitizer is not there yet when the choice is made.
#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

typedef uint8_t bytes8 __attribute__((vector_size(8)));
typedef int32_t ints8 __attribute__((vector_size(32)));

static inline uint8_t clip(int32_t sum) {
    sum >>= 22;
    return sum < 0 ? 0 : sum > 255 ? 255 : (uint8_t)sum;
}

// Two pixels of packed RGB, each in four lanes of which the fourth is not used.
// Wide vectors go through pointers: as arguments they would depend on the processor that a function is compiled for.
static inline __attribute__((always_inline)) void add_two_pixels(
    ints8 *sum, const uint8_t *source, const ints8 *weight) {
    bytes8 raw;
    memcpy(&raw, source, 8);
    *sum += __builtin_convertvector(__builtin_shufflevector(raw, raw, 0, 1, 2, 2, 3, 4, 5, 5), ints8) * *weight;
}

static inline __attribute__((always_inline)) void store(uint8_t *target, const ints8 *sum) {
    for (int channel = 0; channel < 3; ++channel)
        target[channel] = clip((*sum)[channel] + (*sum)[channel + 4] + (1 << 21));
}

static const int32_t no_bias[3];

WIDE void ic_resample_horizontal(
    const uint8_t *source, size_t source_row_bytes, uint8_t *target, size_t target_row_bytes, size_t rows,
    size_t target_width, const int32_t *starts, const int32_t *taps, const int32_t *coefficients, size_t stride,
    const int32_t *bias) {
    // Rows go in threes: the weights are loaded once for all of them. Weights beyond the last tap are 0.
    for (size_t row = 0; row < rows; row += 3) {
        const uint8_t *in0 = source + row * source_row_bytes;
        const uint8_t *in1 = row + 1 < rows ? in0 + source_row_bytes : in0;
        const uint8_t *in2 = row + 2 < rows ? in1 + source_row_bytes : in1;
        uint8_t *out = target + row * target_row_bytes;
        for (size_t x = 0; x < target_width; ++x) {
            const int32_t *weights = coefficients + x * stride;
            const size_t begin = (size_t)starts[x] * 3;
            const int32_t *add = bias ? bias + 3 * x : no_bias;
            ints8 sum0 = {add[0], add[1], add[2]}, sum1 = sum0, sum2 = sum0;
            for (int32_t tap = 0; tap < taps[x]; tap += 2) {
                const int32_t a = weights[tap], b = weights[tap + 1];
                const ints8 weight = {a, a, a, a, b, b, b, b};
                const size_t place = begin + (size_t)tap * 3;
                add_two_pixels(&sum0, in0 + place, &weight);
                add_two_pixels(&sum1, in1 + place, &weight);
                add_two_pixels(&sum2, in2 + place, &weight);
            }
            store(out + x * 3, &sum0);
            if (row + 1 < rows) store(out + target_row_bytes + x * 3, &sum1);
            if (row + 2 < rows) store(out + 2 * target_row_bytes + x * 3, &sum2);
        }
    }
}

WIDE void ic_resample_vertical(
    const uint8_t *source, size_t source_row_bytes, uint8_t *target, size_t count, size_t taps,
    const int32_t *coefficients) {
    size_t x = 0;
    for (; x + 16 <= count; x += 16) {
        int32_t sums[16];
        for (int i = 0; i < 16; ++i) sums[i] = 1 << 21;
        for (size_t tap = 0; tap < taps; ++tap) {
            const uint8_t *in = source + tap * source_row_bytes + x;
            for (int i = 0; i < 16; ++i) sums[i] += in[i] * coefficients[tap];
        }
        for (int i = 0; i < 16; ++i) target[x + i] = clip(sums[i]);
    }
    for (; x < count; ++x) {
        int32_t sum = 1 << 21;
        for (size_t tap = 0; tap < taps; ++tap) sum += source[tap * source_row_bytes + x] * coefficients[tap];
        target[x] = clip(sum);
    }
}

WIDE void ic_resample_add(
    const uint8_t *source, size_t source_row_bytes, int32_t *sums, size_t count, size_t taps,
    const int32_t *coefficients) {
    size_t x = 0;
    for (; x + 16 <= count; x += 16) {
        int32_t part[16];
        memcpy(part, sums + x, sizeof part);
        for (size_t tap = 0; tap < taps; ++tap) {
            const uint8_t *in = source + tap * source_row_bytes + x;
            for (int i = 0; i < 16; ++i) part[i] += in[i] * coefficients[tap];
        }
        memcpy(sums + x, part, sizeof part);
    }
    for (; x < count; ++x)
        for (size_t tap = 0; tap < taps; ++tap) sums[x] += source[tap * source_row_bytes + x] * coefficients[tap];
}

WIDE void ic_resample_finish(const int32_t *sums, uint8_t *target, size_t count) {
    for (size_t x = 0; x < count; ++x) target[x] = clip(sums[x] + (1 << 21));
}
