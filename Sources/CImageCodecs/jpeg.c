// JPEG through libjpeg behind one setjmp wall.
#include "cimagecodecs.h"

#include <stdio.h>

#include <jpeglib.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_SIZE 128
// Real progressive pictures have about ten; each costs a pass over all coefficients.
#define MOST_SCANS 100

typedef struct {
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf wall;
    char *message;
    // Whether the decoder asked for more than there is.
    int ran_out;
} reader;

static void say(reader *state, const char *text) {
    strncpy(state->message, text, MESSAGE_SIZE - 1);
    state->message[MESSAGE_SIZE - 1] = 0;
}

static void fail(j_common_ptr info) {
    reader *state = info->client_data;
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    say(state, text);
    longjmp(state->wall, 1);
}

static void ignore(j_common_ptr info, int level) {
    (void)info;
    (void)level;
}

static void nothing(j_decompress_ptr info) { (void)info; }

// An end of image where the file ends; what was missing is told by the flag.
static boolean supply(j_decompress_ptr info) {
    static const JOCTET end[2] = {0xFF, JPEG_EOI};
    reader *state = info->client_data;
    state->ran_out = 1;
    info->src->next_input_byte = end;
    info->src->bytes_in_buffer = 2;
    return TRUE;
}

static void skip(j_decompress_ptr info, long count) {
    if (count <= 0) return;
    if ((size_t)count >= info->src->bytes_in_buffer) {
        (void)supply(info);
        return;
    }
    info->src->next_input_byte += count;
    info->src->bytes_in_buffer -= (size_t)count;
}

static void watch(j_common_ptr info) {
    reader *state = info->client_data;
    if (((j_decompress_ptr)info)->input_scan_number <= MOST_SCANS) return;
    say(state, "it has more than 100 scans");
    longjmp(state->wall, 1);
}

// Reads the header when pixels is NULL, everything otherwise.
static int read_jpeg(const uint8_t *bytes, size_t count, ic_jpeg_header_info *header, uint8_t *pixels, char *message) {
    reader state;
    struct jpeg_decompress_struct info;
    memset(&state, 0, sizeof state);
    memset(&info, 0, sizeof info);
    state.message = message;
    message[0] = 0;
    info.err = jpeg_std_error(&state.errors);
    info.client_data = &state;
    state.errors.error_exit = fail;
    state.errors.emit_message = ignore;
    if (setjmp(state.wall)) {
        jpeg_destroy_decompress(&info);
        return 1;
    }
    jpeg_create_decompress(&info);
    state.source.init_source = nothing;
    state.source.fill_input_buffer = supply;
    state.source.skip_input_data = skip;
    state.source.resync_to_restart = jpeg_resync_to_restart;
    state.source.term_source = nothing;
    state.source.next_input_byte = bytes;
    state.source.bytes_in_buffer = count;
    info.src = &state.source;
    state.progress.progress_monitor = watch;
    info.progress = &state.progress;
    jpeg_read_header(&info, TRUE);
    if (info.num_components != 1 && info.num_components != 3 && info.num_components != 4) {
        say(&state, "it has neither one, three nor four channels");
        longjmp(state.wall, 1);
    }
    info.out_color_space = info.num_components == 4 ? JCS_CMYK : JCS_RGB;
    const int channels = info.num_components == 4 ? 4 : 3;
    if (!pixels) {
        header->width = info.image_width;
        header->height = info.image_height;
        header->channels = channels;
        jpeg_destroy_decompress(&info);
        return 0;
    }
    jpeg_start_decompress(&info);
    if (info.output_width != header->width || info.output_height != header->height ||
        info.output_components != channels || channels != header->channels) {
        say(&state, "its header changed between two reads");
        longjmp(state.wall, 1);
    }
    const size_t row_bytes = (size_t)info.output_width * channels;
    while (info.output_scanline < info.output_height) {
        JSAMPROW row = pixels + info.output_scanline * row_bytes;
        jpeg_read_scanlines(&info, &row, 1);
        if (state.ran_out) {
            say(&state, "it ends before the picture does");
            longjmp(state.wall, 1);
        }
    }
    // What follows the last row is of no interest.
    jpeg_destroy_decompress(&info);
    return 0;
}

int ic_jpeg_header(const uint8_t *bytes, size_t count, ic_jpeg_header_info *header, char *message) {
    return read_jpeg(bytes, count, header, NULL, message);
}

int ic_jpeg_decode(
    const uint8_t *bytes, size_t count, ic_jpeg_header_info header, uint8_t *pixels, char *message) {
    return read_jpeg(bytes, count, &header, pixels, message);
}

int ic_jpeg_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, int quality, uint8_t **bytes, size_t *count) {
    char message[MESSAGE_SIZE];
    reader state;
    struct jpeg_compress_struct info;
    memset(&state, 0, sizeof state);
    memset(&info, 0, sizeof info);
    state.message = message;
    info.err = jpeg_std_error(&state.errors);
    info.client_data = &state;
    state.errors.error_exit = fail;
    state.errors.emit_message = ignore;
    unsigned char *memory = NULL;
    unsigned long size = 0;
    if (setjmp(state.wall)) {
        jpeg_destroy_compress(&info);
        return 1;
    }
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &memory, &size);
    info.image_width = width;
    info.image_height = height;
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < height) {
        JSAMPROW row = (JSAMPROW)(rgb + (size_t)info.next_scanline * width * 3);
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    *bytes = memory;
    *count = size;
    return 0;
}
