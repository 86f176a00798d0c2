// Weight compression over rows of a matrix. Vector code is chosen for the processor at start.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Source element types.
enum { CQ_F32 = 0, CQ_F16 = 1, CQ_BF16 = 2 };

// Values to float32. Returns false when one of them is not a finite number.
bool cq_widen(const void *source, int type, size_t count, float *target);

// Float32 to IEEE half precision, to nearest even. Returns false when a value does not fit.
bool cq_narrow(const float *source, size_t count, uint16_t *target);

// int8 with one scale a row (largest magnitude over 127). scales: f16 [rows].
// Returns false when a scale does not fit f16.
bool cq_int8(const float *source, size_t rows, size_t columns, int8_t *values, uint16_t *scales);

// int4 in groups of `group` columns (32, 64 or 128), two values a byte, the first in the low half. The scale of each
// group is the one of least squared error among those tried. scales: f16 [rows, columns / group].
// Returns false when a scale does not fit f16.
bool cq_int4(
    const float *source, size_t rows, size_t columns, size_t group, uint8_t *values, uint16_t *scales);
