// SPDX-License-Identifier: MIT
//
// See nearest.h. The distance is that of restricted edits with swaps of neighbours, by three rows
// of the usual table. Names longer than any that the system gives are not compared.
#include "capos/nearest.h"

#include <stdint.h>

enum { NAME_MAX = 40 };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size) {
    uint8_t rows[3][NAME_MAX + 1];

    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = (uint8_t)j;
    for (size_t i = 1; i <= a_size; i++) {
        uint8_t *row = rows[i % 3];
        const uint8_t *above = rows[(i + 2) % 3];
        const uint8_t *before = rows[(i + 1) % 3];

        row[0] = (uint8_t)i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t best = least(above[j], row[j - 1]) + 1u;

            best = least(best, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = least(best, before[j - 2] + 1u);
            row[j] = (uint8_t)best;
        }
    }
    return rows[a_size % 3][b_size];
}

void nearest_init(struct nearest *nearest, const char *wanted, size_t size) {
    *nearest = (struct nearest){.wanted = wanted, .wanted_size = size};
    nearest->distance = size / 3 + 2; // one more than what is still taken for a slip
}

void nearest_offer(struct nearest *nearest, const char *name, size_t size) {
    if (size > NAME_MAX || nearest->wanted_size > NAME_MAX)
        return;
    size_t found = distance(nearest->wanted, nearest->wanted_size, name, size);
    if (found >= nearest->distance || found >= size)
        return;
    nearest->distance = found;
    nearest->name = name;
    nearest->name_size = size;
}
