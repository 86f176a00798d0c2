// PNG through libpng behind one setjmp wall.
#include "cimagecodecs.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define MESSAGE_SIZE 128

typedef struct {
    const uint8_t *bytes;
    size_t count;
    size_t position;
    char *message;
    // Every row is there.
    int is_whole;
} reader;

static void fail(png_structp png, png_const_charp text) {
    reader *state = png_get_error_ptr(png);
    strncpy(state->message, text, MESSAGE_SIZE - 1);
    state->message[MESSAGE_SIZE - 1] = 0;
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void supply(png_structp png, png_bytep out, size_t length) {
    reader *state = png_get_io_ptr(png);
    if (length > state->count - state->position) png_error(png, "the file is cut short");
    memcpy(out, state->bytes + state->position, length);
    state->position += length;
}

// Reads the header when rgba is NULL, everything otherwise.
static int read_png(const uint8_t *bytes, size_t count, ic_png_size *size, uint8_t *rgba, char *message) {
    reader state = {bytes, count, 0, message, 0};
    message[0] = 0;
    png_bytep *volatile rows = NULL;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, fail, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        if (png) png_destroy_read_struct(&png, NULL, NULL);
        strcpy(message, "out of memory");
        return 1;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        free(rows);
        // Damage behind the pixels, a missing end for one, takes nothing from them.
        return !state.is_whole;
    }
    png_set_read_fn(png, &state, supply);
    // The caller bounds the pixel count, which libpng's own limit of a million a side would forestall.
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
    png_set_chunk_malloc_max(png, 64 << 20);
    png_read_info(png, info);
    png_uint_32 width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    if (!rgba) {
        size->width = width;
        size->height = height;
        png_destroy_read_struct(&png, &info, NULL);
        return 0;
    }
    if (width != size->width || height != size->height) png_error(png, "the size changed between two reads");
    png_set_strip_16(png);
    png_set_expand(png);
    png_set_gray_to_rgb(png);
    png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != (size_t)width * 4) png_error(png, "unexpected row size");
    rows = malloc(sizeof(png_bytep) * height);
    if (!rows) png_error(png, "out of memory");
    for (png_uint_32 y = 0; y < height; ++y) rows[y] = rgba + (size_t)y * width * 4;
    png_read_image(png, rows);
    state.is_whole = 1;
    png_read_end(png, NULL);
    png_destroy_read_struct(&png, &info, NULL);
    free(rows);
    return 0;
}

int ic_png_header(const uint8_t *bytes, size_t count, ic_png_size *size, char *message) {
    return read_png(bytes, count, size, NULL, message);
}

int ic_png_decode(const uint8_t *bytes, size_t count, ic_png_size size, uint8_t *rgba, char *message) {
    return read_png(bytes, count, &size, rgba, message);
}

int ic_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t **bytes, size_t *count) {
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = width;
    image.height = height;
    image.format = PNG_FORMAT_RGB;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    uint8_t *memory = malloc(size);
    if (!memory || !png_image_write_to_memory(&image, memory, &size, 0, rgb, 0, NULL)) {
        free(memory);
        return 1;
    }
    *bytes = memory;
    *count = size;
    return 0;
}

void ic_free(void *memory) { free(memory); }

int ic_inflate(const uint8_t *source, size_t source_count, uint8_t *target, size_t *target_count) {
    uLongf count = *target_count;
    if (uncompress(target, &count, source, source_count) != Z_OK) return 1;
    *target_count = count;
    return 0;
}
