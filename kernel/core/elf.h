// SPDX-License-Identifier: MIT
// Programs: static x86_64 ELF files in memory objects. elf_read checks everything that the file
// says about itself, whatever its bytes are; elf_load puts what was read into an address space. The
// file must be sealed: otherwise it could change between the two, and its text can't be mapped.
#ifndef CORE_ELF_H
#define CORE_ELF_H

#include "base/attributes.h"
#include "machine/types.h"

#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

struct memory;
struct revoker;
struct vm;

#define ELF_HEADERS_MAX  32
#define ELF_SEGMENTS_MAX 16

// Pages of all segments together, and of those that are copied: a program is loaded in one go.
#define ELF_PAGES_MAX     16384
#define ELF_OWN_PAGES_MAX 4096

// The stack that the first thread gets: what PT_GNU_STACK's size in memory asks for (the linker's
// -z stack-size), in pages; without that the usual.
#define ELF_STACK_PAGES     16
#define ELF_STACK_PAGES_MAX 4096

// Thread-local storage, which the program itself makes a copy of for each thread: the image of it
// must lie in a segment. The first thread's goes to its stack, so there can't be too much of it.
#define ELF_THREAD_LOCAL_MAX       16384
#define ELF_THREAD_LOCAL_ALIGN_MAX 64

// One loadable segment: `bytes` bytes at `offset` of the file go to `address`, zeroes follow to the
// end of the last page. What is below and above them in the first and last page is the segment's
// too. Segments are sorted by address and have no page in common.
struct elf_segment {
    uint64_t address, bytes, offset;
    uint64_t first, pages; // address of its first page, their number
    enum protection protection;
    bool mapped; // its pages are the file's own; else they are copied
};

struct elf_image {
    struct uaddr entry;
    uint32_t stack_pages;
    uint32_t own_pages, pages; // of the segments: those that are copied, all
    uint32_t count;
    struct elf_segment segment[ELF_SEGMENTS_MAX];
    uint64_t local, local_bytes; // where the image of thread-local storage lies; 0 bytes for none
};

// NULL when the file can be loaded; else why not, for people, in a static text.
must_use const char *elf_read(const struct memory *file, struct elf_image *image);

// Maps text and constants, copies data. On failure the space is to be destroyed. OVERLOADED;
// MALFORMED when something is in the way. `revoker` is what the file was found through, or NULL.
must_use enum capos_status elf_load(struct cpu *cpu, const struct elf_image *image,
                                    struct memory *file, struct revoker *revoker, struct vm *vm);

#endif
