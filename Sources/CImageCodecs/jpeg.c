// JPEG through libjpeg behind one setjmp wall.
#include "cimagecodecs.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#define ROWS 16

typedef struct {
    struct jpeg_error_mgr base;
    jmp_buf wall;
    ic_status status;
    char *message;
} failure;

static void fail(j_common_ptr codec) {
    failure *state = (failure *)codec->err;
    char text[JMSG_LENGTH_MAX];
    codec->err->format_message(codec, text);
    strncpy(state->message, text, IC_MESSAGE_SIZE - 1);
    state->message[IC_MESSAGE_SIZE - 1] = 0;
    switch (codec->err->msg_code) {
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED: state->status = ic_unsupported; break;
    case JERR_OUT_OF_MEMORY: state->status = ic_out_of_memory; break;
    default: state->status = ic_damaged; break;
    }
    longjmp(state->wall, 1);
}

static void stop(j_common_ptr codec, ic_status status, const char *text) {
    failure *state = (failure *)codec->err;
    state->status = status;
    strncpy(state->message, text, IC_MESSAGE_SIZE - 1);
    state->message[IC_MESSAGE_SIZE - 1] = 0;
    longjmp(state->wall, 1);
}

static void silence(j_common_ptr codec) { (void)codec; }

static struct jpeg_error_mgr *handle_errors(failure *state, char *message) {
    struct jpeg_error_mgr *manager = jpeg_std_error(&state->base);
    manager->error_exit = fail;
    manager->output_message = silence;
    state->message = message;
    message[0] = 0;
    return manager;
}

// The whole file lies in memory. Where it ends the decoder is suspended, so that a picture cut short is told from one
// that is whole, whatever follows it.
static void begin(j_decompress_ptr jpeg) { (void)jpeg; }

static boolean suspend(j_decompress_ptr jpeg) {
    (void)jpeg;
    return FALSE;
}

static void skip(j_decompress_ptr jpeg, long count) {
    struct jpeg_source_mgr *source = jpeg->src;
    size_t step = count < 0 ? 0 : (size_t)count < source->bytes_in_buffer ? (size_t)count : source->bytes_in_buffer;
    source->next_input_byte += step;
    source->bytes_in_buffer -= step;
}

typedef struct {
    struct jpeg_progress_mgr base;
    int scan_limit;
} watch;

static void count_scans(j_common_ptr codec) {
    watch *state = (watch *)codec->progress;
    if (((j_decompress_ptr)codec)->input_scan_number > state->scan_limit)
        stop(codec, ic_too_many_scans, "it has more scans than any picture needs");
}

static void cut_short(j_decompress_ptr jpeg) { stop((j_common_ptr)jpeg, ic_cut_short, "it ends before the picture does"); }

// Inks are stored inverted, as Adobe's programs do. K scales the others as Pillow's conversion does
// (libImaging/Convert.c).
static void convert_inks(const uint8_t *inks, uint8_t *rgb, size_t width) {
    for (size_t x = 0; x < width; ++x, inks += 4, rgb += 3) {
        const int key = inks[3];
        for (int channel = 0; channel < 3; ++channel) {
            const int product = (255 - inks[channel]) * key + 128;
            const int value = key - (((product >> 8) + product) >> 8);
            rgb[channel] = value < 0 ? 0 : (uint8_t)value;
        }
    }
}

static void read_rows(j_decompress_ptr jpeg, uint8_t *rgb) {
    const size_t row_bytes = (size_t)jpeg->output_width * 3;
    JSAMPARRAY inks = NULL;
    if (jpeg->out_color_space == JCS_CMYK)
        inks = jpeg->mem->alloc_sarray((j_common_ptr)jpeg, JPOOL_IMAGE, jpeg->output_width * 4, ROWS);
    while (jpeg->output_scanline < jpeg->output_height) {
        const size_t first = jpeg->output_scanline;
        JSAMPROW rows[ROWS];
        for (size_t row = 0; row < ROWS; ++row) {
            // Pointers behind the picture are not followed: the decoder stops at its last row.
            const size_t place = first + row < jpeg->output_height ? first + row : jpeg->output_height - 1;
            rows[row] = inks ? inks[row] : rgb + place * row_bytes;
        }
        const JDIMENSION count = jpeg_read_scanlines(jpeg, rows, ROWS);
        if (count == 0) cut_short(jpeg);
        for (JDIMENSION row = 0; inks && row < count; ++row)
            convert_inks(inks[row], rgb + (first + row) * row_bytes, jpeg->output_width);
    }
}

// Reads the header when rgb is NULL, everything otherwise.
static ic_status read_jpeg(
    const uint8_t *bytes, size_t count, ic_size *size, int scan_limit, uint8_t *rgb, char *message) {
    struct jpeg_decompress_struct jpeg;
    failure state;
    struct jpeg_source_mgr source = {
        .next_input_byte = bytes, .bytes_in_buffer = count, .init_source = begin, .fill_input_buffer = suspend,
        .skip_input_data = skip, .resync_to_restart = jpeg_resync_to_restart, .term_source = begin,
    };
    watch progress = {.base = {.progress_monitor = count_scans}, .scan_limit = scan_limit};
    memset(&jpeg, 0, sizeof jpeg);
    jpeg.err = handle_errors(&state, message);
    if (setjmp(state.wall)) {
        jpeg_destroy_decompress(&jpeg);
        return state.status;
    }
    jpeg_create_decompress(&jpeg);
    jpeg.src = &source;
    jpeg.progress = &progress.base;
    if (jpeg_read_header(&jpeg, TRUE) != JPEG_HEADER_OK) cut_short(&jpeg);
    if (jpeg.data_precision != 8) {
        snprintf(message, IC_MESSAGE_SIZE, "%d bits a channel", jpeg.data_precision);
        jpeg_destroy_decompress(&jpeg);
        return ic_unsupported;
    }
    if (!rgb) {
        size->width = jpeg.image_width;
        size->height = jpeg.image_height;
    } else {
        if (size->width != jpeg.image_width || size->height != jpeg.image_height)
            stop((j_common_ptr)&jpeg, ic_damaged, "the size changed between two reads");
        jpeg.out_color_space = jpeg.num_components == 4 ? JCS_CMYK : JCS_RGB;
        // Progressive pictures are read whole here, up to the end marker.
        if (!jpeg_start_decompress(&jpeg)) cut_short(&jpeg);
        read_rows(&jpeg, rgb);
    }
    jpeg_destroy_decompress(&jpeg);
    return ic_ok;
}

ic_status ic_jpeg_header(const uint8_t *bytes, size_t count, ic_size *size, char *message) {
    return read_jpeg(bytes, count, size, 1, NULL, message);
}

ic_status ic_jpeg_decode(
    const uint8_t *bytes, size_t count, ic_size size, int scan_limit, uint8_t *rgb, char *message) {
    return read_jpeg(bytes, count, &size, scan_limit, rgb, message);
}

ic_status ic_jpeg_encode(
    const uint8_t *rgb, ic_size size, int quality, uint8_t **bytes, size_t *count, char *message) {
    struct jpeg_compress_struct jpeg;
    failure state;
    // libjpeg keeps their addresses and moves the memory as it grows: it is ours only once the picture is finished.
    unsigned char *memory = NULL;
    unsigned long length = 0;
    memset(&jpeg, 0, sizeof jpeg);
    jpeg.err = handle_errors(&state, message);
    if (setjmp(state.wall)) {
        jpeg_destroy_compress(&jpeg);
        return state.status;
    }
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &memory, &length);
    jpeg.image_width = size.width;
    jpeg.image_height = size.height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = (JSAMPROW)(rgb + (size_t)jpeg.next_scanline * size.width * 3);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    *bytes = memory;
    *count = length;
    return ic_ok;
}
