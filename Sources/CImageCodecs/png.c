// PNG through libpng behind one setjmp wall.
#include "cimagecodecs.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const uint8_t *bytes;
    size_t count;
    size_t position;
    size_t made_up;
    ic_status status;
    // The checksum over all picture data is there and wrong.
    int is_altered;
    char *message;
} reader;

static void fail(png_structp png, png_const_charp text) {
    reader *state = png_get_error_ptr(png);
    strncpy(state->message, text, IC_MESSAGE_SIZE - 1);
    state->message[IC_MESSAGE_SIZE - 1] = 0;
    if (state->status == ic_ok) state->status = ic_damaged;
    png_longjmp(png, 1);
}

static void warn(png_structp png, png_const_charp text) {
    reader *state = png_get_error_ptr(png);
    // zlib's words. To libpng this is only a warning once the last row is there.
    if (strstr(text, "incorrect data check")) state->is_altered = 1;
}

// Chunks that libpng does not know are no concern of the pixels, even where they say that they are.
static int ignore_chunk(png_structp png, png_unknown_chunkp chunk) {
    (void)png;
    (void)chunk;
    return 1;
}

// Where a file ends within its last two checksums, they are made up: those of the data and of the chunk are no pixels.
#define CHECKSUM_SIZE 4

static void supply(png_structp png, png_bytep out, size_t length) {
    reader *state = png_get_io_ptr(png);
    const size_t left = state->count - state->position, there = length < left ? length : left;
    state->made_up += length - there;
    if (length - there > CHECKSUM_SIZE || state->made_up > 2 * CHECKSUM_SIZE) {
        state->status = ic_cut_short;
        png_error(png, "it ends before the picture does");
    }
    memcpy(out, state->bytes + state->position, there);
    memset(out + there, 0, length - there);
    state->position += there;
}

void ic_over_white(const uint8_t *rgba, uint8_t *rgb, size_t pixels) {
    for (size_t pixel = 0; pixel < pixels; ++pixel, rgba += 4, rgb += 3) {
        const int alpha = rgba[3];
        for (int channel = 0; channel < 3; ++channel)
            rgb[channel] = (uint8_t)((rgba[channel] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}

// Reads the header when rgb is NULL, everything otherwise.
static ic_status read_png(
    const uint8_t *bytes, size_t count, ic_size *size, int lacks_checksum, uint8_t *rgb,
    char *message) {
    reader state = {bytes, count, 0, 0, ic_ok, 0, message};
    message[0] = 0;
    png_bytep *volatile rows = NULL;
    uint8_t *volatile rgba = NULL;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, fail, warn);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        if (png) png_destroy_read_struct(&png, NULL, NULL);
        strcpy(message, "there is no memory for it");
        return ic_out_of_memory;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        free(rows);
        free(rgba);
        return state.status;
    }
    png_set_read_fn(png, &state, supply);
    // The caller bounds the pixel count, which libpng's own limit of a million a side would forestall.
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
    png_set_chunk_malloc_max(png, 64 << 20);
    // Pillow does not look at the checksums of picture data; the caller has looked at those of the chunks before it.
    png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_WARN_DISCARD);
    if (lacks_checksum) png_set_option(png, PNG_IGNORE_ADLER32, PNG_OPTION_ON);
    // Of the rest only palette and transparency matter; texts and profiles would be unpacked for nothing.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_read_user_chunk_fn(png, NULL, ignore_chunk);
    png_read_info(png, info);
    const png_uint_32 width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    if (!rgb) {
        size->width = width;
        size->height = height;
        png_destroy_read_struct(&png, &info, NULL);
        return ic_ok;
    }
    if (width != size->width || height != size->height) png_error(png, "the size changed between two reads");
    const int has_alpha = (png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) || png_get_valid(png, info, PNG_INFO_tRNS);
    const size_t row_bytes = (size_t)width * (has_alpha ? 4 : 3);
    png_set_strip_16(png);
    png_set_expand(png);
    png_set_gray_to_rgb(png);
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != row_bytes) png_error(png, "unexpected row size");
    if (passes > 1) {
        rows = malloc(sizeof(png_bytep) * height);
        if (has_alpha) rgba = malloc(row_bytes * height);
        if (!rows || (has_alpha && !rgba)) {
            state.status = ic_out_of_memory;
            png_error(png, "there is no memory for it");
        }
        for (size_t y = 0; y < height; ++y) rows[y] = (has_alpha ? rgba : rgb) + y * row_bytes;
        png_read_image(png, rows);
        if (has_alpha) ic_over_white(rgba, rgb, (size_t)width * height);
    } else {
        if (has_alpha) rgba = malloc(row_bytes);
        if (has_alpha && !rgba) {
            state.status = ic_out_of_memory;
            png_error(png, "there is no memory for it");
        }
        for (size_t y = 0; y < height; ++y) {
            uint8_t *target = rgb + y * width * 3;
            png_read_row(png, has_alpha ? rgba : target, NULL);
            if (has_alpha) ic_over_white(rgba, target, width);
        }
    }
    // All rows are there. What is wrong behind them does not matter, unless the data's own checksum denies them.
    if (!setjmp(png_jmpbuf(png))) png_read_end(png, NULL);
    png_destroy_read_struct(&png, &info, NULL);
    free(rows);
    free(rgba);
    if (!state.is_altered) return ic_ok;
    strcpy(message, "its data do not match their checksum");
    return ic_damaged;
}

ic_status ic_png_header(const uint8_t *bytes, size_t count, ic_size *size, char *message) {
    return read_png(bytes, count, size, 0, NULL, message);
}

ic_status ic_png_decode(
    const uint8_t *bytes, size_t count, ic_size size, int lacks_checksum, uint8_t *rgb, char *message) {
    return read_png(bytes, count, &size, lacks_checksum, rgb, message);
}

ic_status ic_png_encode(const uint8_t *rgb, ic_size size, uint8_t **bytes, size_t *count) {
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = size.width;
    image.height = size.height;
    image.format = PNG_FORMAT_RGB;
    png_alloc_size_t length = PNG_IMAGE_PNG_SIZE_MAX(image);
    uint8_t *memory = malloc(length);
    if (!memory || !png_image_write_to_memory(&image, memory, &length, 0, rgb, 0, NULL)) {
        free(memory);
        return ic_damaged;
    }
    *bytes = memory;
    *count = length;
    return ic_ok;
}

void ic_free(void *memory) { free(memory); }
