// C where Swift cannot go: libjpeg and libpng report errors with longjmp, and the inner loops of the resize need a
// processor's wide integers without compiling everything for that processor.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t width;
    uint32_t height;
} ic_size;

typedef enum {
    ic_ok = 0,
    ic_damaged,
    ic_cut_short,
    // Well formed, of a kind that the library does not read.
    ic_unsupported,
    ic_too_many_scans,
    ic_out_of_memory,
} ic_status;

// Bytes of a message. Unless the status is ic_ok, it says why.
#define IC_MESSAGE_SIZE 200

ic_status ic_jpeg_header(const uint8_t *bytes, size_t count, ic_size *size, char *message);
// Decodes to RGB, width·height·3 bytes, with the settings that Pillow leaves in place (accurate inverse DCT, smooth
// upsampling). Refuses a picture of more than scan_limit scans. Beside the picture, a progressive one takes 2 bytes for
// each sample of each channel.
ic_status ic_jpeg_decode(
    const uint8_t *bytes, size_t count, ic_size size, int scan_limit, uint8_t *rgb, char *message);
// Encodes RGB, chroma at half resolution. The result is freed with ic_free.
ic_status ic_jpeg_encode(
    const uint8_t *rgb, ic_size size, int quality, uint8_t **bytes, size_t *count, char *message);

ic_status ic_png_header(const uint8_t *bytes, size_t count, ic_size *size, char *message);
// Decodes to RGB, 8 bits a channel (the high byte of 16), transparency laid over white, width·height·3 bytes. What
// follows the last row is not looked at. Beside the picture, an interlaced one with transparency takes 4 bytes a pixel.
// The data's own checksum counts unless the file ends before it.
ic_status ic_png_decode(
    const uint8_t *bytes, size_t count, ic_size size, int lacks_checksum, uint8_t *rgb, char *message);
// Encodes RGB. The result is freed with ic_free.
ic_status ic_png_encode(const uint8_t *rgb, ic_size size, uint8_t **bytes, size_t *count);
void ic_free(void *memory);

// RGBA laid over white: c·a + 255·(1 − a), rounded.
void ic_over_white(const uint8_t *rgba, uint8_t *rgb, size_t pixels);

// One horizontal pass of a resize over `rows` rows of packed RGB. Output pixel x is the sum of taps[x] pixels from
// starts[x] on, weighted by coefficients[x * stride ...] (22 fraction bits), and of bias[3 * x ...] unless bias is NULL,
// rounded and clipped. Up to 8 bytes behind the last pixel of the last source row are read. Weights behind the last tap
// are 0 up to an even number.
void ic_resample_horizontal(
    const uint8_t *source, size_t source_row_bytes, uint8_t *target, size_t target_row_bytes, size_t rows,
    size_t target_width, const int32_t *starts, const int32_t *taps, const int32_t *coefficients, size_t stride,
    const int32_t *bias);

// One row of a vertical pass: `count` bytes, each the weighted sum of the bytes below each other in `taps` rows, rounded
// and clipped.
void ic_resample_vertical(
    const uint8_t *source, size_t source_row_bytes, uint8_t *target, size_t count, size_t taps,
    const int32_t *coefficients);

// The same in pieces: adds weighted rows to sums, and rounds and clips them at the end.
void ic_resample_add(
    const uint8_t *source, size_t source_row_bytes, int32_t *sums, size_t count, size_t taps,
    const int32_t *coefficients);
void ic_resample_finish(const int32_t *sums, uint8_t *target, size_t count);

#ifdef __cplusplus
}
#endif
