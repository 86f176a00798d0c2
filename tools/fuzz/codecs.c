// libFuzzer over the C of CImageCodecs, by hand:
//
//     clang -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -ISources/CImageCodecs/include
//         tools/fuzz/codecs.c Sources/CImageCodecs/*.c $(pkg-config --cflags --libs libjpeg libpng) -o codecs-fuzz
//     ./codecs-fuzz -max_total_time=1800 -max_len=20000 -rss_limit_mb=2048 CORPUS SEEDS
//
// SEEDS is a folder of small JPEG and PNG files, such as Tests/ImageProcessingTests/Fixtures. The first byte of an input
// chooses a reader; anything but a PNG's or JPEG's own first byte runs the resize with weights made of the input.
#include <stdlib.h>
#include <string.h>

#include "cimagecodecs.h"

// Pictures beyond this are for the pixel limit of the Swift side, not for the codecs.
static const uint64_t most_pixels = 4u << 20;

static void decode(const uint8_t *bytes, size_t count, int is_png) {
    char message[IC_MESSAGE_SIZE];
    ic_size size;
    ic_status header = is_png ? ic_png_header(bytes, count, &size, message)
                              : ic_jpeg_header(bytes, count, &size, message);
    if (header != ic_ok) {
        // A refusal says why, in a message that ends.
        if (memchr(message, 0, sizeof message) == NULL) abort();
        return;
    }
    if ((uint64_t)size.width * size.height > most_pixels) return;
    // Exactly as large as promised, so that a byte too many is seen.
    uint8_t *rgb = malloc((size_t)size.width * size.height * 3);
    if (is_png) {
        ic_png_decode(bytes, count, size, 0, rgb, message);
        ic_png_decode(bytes, count, size, 1, rgb, message);
    } else {
        ic_jpeg_decode(bytes, count, size, 20, rgb, message);
    }
    free(rgb);
}

static void resample(const uint8_t *bytes, size_t count) {
    if (count < 40) return;
    size_t source_width = 1 + bytes[1], target_width = 1 + bytes[2], rows = 1 + bytes[3] % 4, most_taps = 1 + bytes[4];
    if (most_taps > source_width) most_taps = source_width;
    size_t stride = (most_taps + 1) & ~(size_t)1;
    // The interface lets 8 bytes behind the last pixel be read.
    uint8_t *source = malloc(source_width * 3 * rows + 8);
    for (size_t i = 0; i < source_width * 3 * rows; i++) source[i] = bytes[i % count];
    memset(source + source_width * 3 * rows, 0, 8);
    uint8_t *target = malloc(target_width * 3 * rows);
    int32_t *starts = malloc(target_width * sizeof *starts), *taps = malloc(target_width * sizeof *taps);
    int32_t *weights = calloc(target_width * stride, sizeof *weights);
    int32_t *bias = malloc(target_width * 3 * sizeof *bias);
    for (size_t x = 0; x < target_width; x++) {
        taps[x] = 1 + (int32_t)(bytes[(x + 5) % count] % most_taps);
        starts[x] = (int32_t)(bytes[(x + 6) % count] % (source_width - (size_t)taps[x] + 1));
        // Like the weights of a filter: their sum is 1 in 22 fraction bits, so no sum overflows.
        for (int32_t k = 0; k < taps[x]; k++) weights[x * stride + (size_t)k] = (1 << 22) / taps[x];
        for (size_t channel = 0; channel < 3; channel++) bias[3 * x + channel] = (int32_t)bytes[(x + channel) % count] << 14;
    }
    ic_resample_horizontal(
        source, source_width * 3, target, target_width * 3, rows, target_width, starts, taps, weights, stride,
        bytes[5] & 1 ? bias : NULL);

    size_t bytes_a_row = source_width * 3;
    uint8_t *row = malloc(bytes_a_row);
    int32_t vertical[4], *sums = calloc(bytes_a_row, sizeof *sums);
    for (size_t k = 0; k < rows; k++) vertical[k] = (int32_t)((1 << 22) / rows);
    ic_resample_vertical(source, bytes_a_row, row, bytes_a_row, rows, vertical);
    ic_resample_add(source, bytes_a_row, sums, bytes_a_row, rows, vertical);
    ic_resample_finish(sums, target_width * rows * 3 >= bytes_a_row ? target : row, bytes_a_row);
    free(sums), free(row), free(bias), free(weights), free(taps), free(starts), free(target), free(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count == 0) return 0;
    if (bytes[0] == 0x89) decode(bytes, count, 1);
    else if (bytes[0] == 0xFF) decode(bytes, count, 0);
    else resample(bytes, count);
    return 0;
}
