// SPDX-License-Identifier: MIT
// Names for the addresses in a panic's backtrace. The kernel writes kernel+0xOFFSET; its symbol
// table, in the kernel of the same build id, says which function that is in.
#ifndef CAPTOOL_RUN_SYMBOLS_H
#define CAPTOOL_RUN_SYMBOLS_H

#include "run.h"

#include <stddef.h>
#include <stdint.h>

enum { SYMBOLS_LINE = 512, SYMBOLS_CANDIDATES = 6 };

struct symbols {
    const char *candidates[SYMBOLS_CANDIDATES]; // files that may be the kernel
    unsigned candidate_count;
    char *names[SYMBOLS_CANDIDATES]; // those of them that were made here
    char build[17];                  // of the kernel that runs, "" until it has said so
    bool looked;                     // for the table
    uint8_t *elf;                    // the file with the table, or NULL
    size_t elf_size;
    char line[SYMBOLS_LINE]; // the line that is coming in
    size_t used;
};

void symbols_init(struct symbols *symbols, const struct run_options *options);
void symbols_fini(struct symbols *symbols);

// Takes one byte of COM1's output. When it ends a line of a panic that has an address, returns the
// text to show before it, else "". Valid until the next call.
const char *symbols_feed(struct symbols *symbols, char byte);

#endif
