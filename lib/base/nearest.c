// SPDX-License-Identifier: MIT
//
// Edit distance: insertions, deletions, replacements and swaps of neighbours cost 2 each, another
// case costs 1. A name is near when that changes at most about a third of it.
#include "base/nearest.h"

#define LONGEST 63u // longer names are not compared
#define EDIT    2u
#define CASE    1u

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned replacing(char a, char b) {
    if (a == b)
        return 0;
    return lower(a) == lower(b) ? CASE : EDIT;
}

// Rows of the table of distances between beginnings of the two names: two before, one before, now.
static unsigned distance(const char *a, size_t a_size, const char *b, size_t b_size) {
    unsigned rows[3][LONGEST + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_size; j++)
        last[j] = (unsigned)j * EDIT;
    for (size_t i = 1; i <= a_size; i++) {
        now[0] = (unsigned)i * EDIT;
        for (size_t j = 1; j <= b_size; j++) {
            now[j] = least(last[j - 1] + replacing(a[i - 1], b[j - 1]),
                           least(last[j], now[j - 1]) + EDIT);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + EDIT);
        }
        unsigned *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[b_size];
}

void nearest_init(struct nearest *nearest, const char *wanted, size_t size) {
    *nearest = (struct nearest){.wanted = wanted, .wanted_size = size};
    nearest->cost = EDIT * (1 + (unsigned)(size < LONGEST ? size : LONGEST) / 3) + 1;
}

void nearest_offer(struct nearest *nearest, const char *name, size_t size) {
    size_t wanted = nearest->wanted_size;
    if (size == 0 || wanted == 0 || size > LONGEST || wanted > LONGEST)
        return;
    unsigned cost = distance(nearest->wanted, wanted, name, size);
    // What shares no character is never meant.
    if (cost >= nearest->cost || cost >= EDIT * (size > wanted ? size : wanted))
        return;
    nearest->name = name;
    nearest->name_size = size;
    nearest->cost = cost;
}
