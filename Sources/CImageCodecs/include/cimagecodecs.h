// C where Swift cannot go: libpng and libjpeg report errors with longjmp, and the inner loop of the resize needs a processor's wide
// integers without compiling everything for that processor.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t width;
    uint32_t height;
} ic_png_size;

// Reads the header. 0 on success; otherwise message (at least 128 bytes) says why.
int ic_png_header(const uint8_t *bytes, size_t count, ic_png_size *size, char *message);
// Decodes to RGBA, 8 bits a channel (the high byte of 16), into width·height·4 bytes.
int ic_png_decode(const uint8_t *bytes, size_t count, ic_png_size size, uint8_t *rgba, char *message);
// Encodes RGB. The result is freed with ic_free. 0 on success.
int ic_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t **bytes, size_t *count);
void ic_free(void *memory);

typedef struct {
    uint32_t width;
    uint32_t height;
    // 3 (RGB) or 4 (CMYK, inverted as stored).
    int channels;
} ic_jpeg_header_info;

// Reads the header. 0 on success; otherwise message (at least 128 bytes) says why.
int ic_jpeg_header(const uint8_t *bytes, size_t count, ic_jpeg_header_info *header, char *message);
// Decodes into width·height·channels bytes. A picture whose data end early is an error; what follows it is not read.
int ic_jpeg_decode(
    const uint8_t *bytes, size_t count, ic_jpeg_header_info header, uint8_t *pixels, char *message);
// Encodes RGB with halved colour. The result is freed with ic_free. 0 on success.
int ic_jpeg_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, int quality, uint8_t **bytes, size_t *count);

// Inflates a zlib stream into at most *target_count bytes, and sets how many there are. 0 on success.
int ic_inflate(const uint8_t *source, size_t source_count, uint8_t *target, size_t *target_count);

// One horizontal pass of a resize over `rows` rows of packed RGB. Output pixel x is the sum of taps[x] pixels from
// starts[x] on, weighted by coefficients[x * stride ...] (22 fraction bits), rounded and clipped. Up to 8 bytes behind the
// last pixel of the last source row are read.
void ic_resample_horizontal(
    const uint8_t *source, size_t source_row_bytes, uint8_t *target, size_t target_row_bytes, size_t rows,
    size_t target_width, const int32_t *starts, const int32_t *taps, const int32_t *coefficients, size_t stride);

// One row of a vertical pass: `count` bytes, each the weighted sum of the bytes below each other in `taps` rows.
void ic_resample_vertical(
    const uint8_t *source, size_t source_row_bytes, uint8_t *target, size_t count, size_t taps,
    const int32_t *coefficients);

// One row of the same for a picture on a ground of one colour: output pixel x takes taps[x] pixels of the picture from
// starts[x] on, with coefficients from coefficients[places[x]] on, beside what the ground adds to its three sums.
void ic_resample_horizontal_on_ground(
    const uint8_t *source, uint8_t *target, size_t target_width, const int32_t *starts, const int32_t *taps,
    const int64_t *places, const int32_t *coefficients, const int32_t *ground);

// A vertical pass in parts: adds the weighted bytes of `taps` rows to `count` sums, which start at half of 2²².
void ic_resample_add(
    const uint8_t *source, size_t source_row_bytes, int32_t *sums, size_t count, size_t taps,
    const int32_t *coefficients);
void ic_resample_store(const int32_t *sums, uint8_t *target, size_t count);

#ifdef __cplusplus
}
#endif
