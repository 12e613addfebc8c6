// SPDX-License-Identifier: MIT
// Runs a fuzz target without libFuzzer: replay MUTATIONS FILE... gives it each file, then so many
// mutations of each, always the same ones. A crash leaves its input in the file that is named.
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>
#include <string.h>

enum { INPUT_MOST = 1 << 16 };

static uint64_t state = 1;

static uint64_t random_below(uint64_t limit) {
    uint64_t v = state += UINT64_C(0x9e3779b97f4a7c15);
    v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
    return (v ^ v >> 31) % limit;
}

// One change: a bit, a byte, a 32-bit number at an edge, a word copied from elsewhere, or a cut.
static size_t mutate(uint8_t *data, size_t size) {
    static const uint32_t edges[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, 7, 0xff};
    size_t at = random_below(size);
    uint32_t edge = edges[random_below(sizeof edges / sizeof *edges)];
    switch (random_below(6)) {
    case 0:
        data[at] ^= (uint8_t)(1u << random_below(8));
        break;
    case 1:
        data[at] = (uint8_t)random_below(256);
        break;
    case 2:
        if (size >= 4)
            memcpy(data + (at & ~(size_t)3) % (size - 3), &edge, sizeof edge);
        break;
    case 3:
        if (size >= 16)
            memmove(data + (at & ~(size_t)7) % (size - 7), data + random_below(size - 7), 8);
        break;
    case 4:
        data[at] = (uint8_t)(data[at] + random_below(9) - 4);
        break;
    default:
        size = at + 1;
        break;
    }
    return size;
}

static void save(const char *path, const uint8_t *data, size_t size) {
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        exit(EXIT_FAILURE);
}

static void run(const char *crash, const uint8_t *data, size_t size) {
    uint8_t *exact = malloc(size + (size == 0));
    if (exact == NULL)
        exit(EXIT_FAILURE);
    if (size > 0)
        memcpy(exact, data, size);
    save(crash, exact, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

int main(int argc, char **argv) {
    static uint8_t seed[INPUT_MOST], data[INPUT_MOST];
    if (argc < 4) {
        fprintf(stderr, "usage: %s MUTATIONS CRASH FILE...\n", argv[0]);
        return EXIT_FAILURE;
    }
    unsigned long mutations = strtoul(argv[1], NULL, 10);
    for (int i = 3; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        size_t size = file == NULL ? 0 : fread(seed, 1, sizeof seed, file);
        if (file == NULL || fclose(file) != 0)
            return EXIT_FAILURE;
        run(argv[2], seed, size);
        for (unsigned long m = 0; m < mutations && size > 0; m++) {
            size_t changed = size;
            memcpy(data, seed, size);
            for (uint64_t n = random_below(4) + 1; n > 0; n--)
                changed = mutate(data, changed);
            run(argv[2], data, changed);
        }
    }
    return remove(argv[2]) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
