// SPDX-License-Identifier: MIT
// Memory objects: runs of whole pages that belong to nobody's address space. A root has the frames;
// a view (readOnly, slice) is a narrower object over a root, which it references. `writers` counts
// the pages that are mapped for writing anywhere, or says that the memory is sealed: then nobody
// ever writes it again and it may be executed. It changes by compare-and-swap only, so there is no
// lock: all else is fixed when an object is made.
#ifndef CORE_MEMORY_H
#define CORE_MEMORY_H

#include "base/attributes.h"
#include "core/call.h"
#include "core/object.h"
#include "core/work.h"
#include "machine/types.h"

#include <capos/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_SEALED INT64_C(-1)

// The frames that are taken or freed in one step.
#define MEMORY_STEP 64

// The list of frames is in one piece, or, when there are more, in parts of so many.
#define MEMORY_PART 512

struct memory {
    struct object object;
    uint64_t pages;
    union {
        struct {
            struct memory *root; // itself, or a reference to what it is a view of
            uint64_t first;      // the view's first page in the root
            bool writable;       // through this object
        };
        struct work dropping; // of a root that is closed
    };

    // Of a root only.
    _Atomic int64_t writers;
    union {
        uint64_t *frames; // their addresses, up to MEMORY_PART; NULL: one run, not the object's own
        uint64_t **parts; // more
    };
    union {
        struct paddr base; // of the run
        uint64_t taken;    // frames that are there
    };
    struct call_queue park; // what is parked on its words (core/park.h)
};
_Static_assert(sizeof(struct memory) <= 128, "it stays in its class of kernel memory");

// New zeroed memory with one reference. The frames, the object and the list of frames are charged
// to `ledger`. pages is not 0. No locks held. OVERLOADED. Takes time for many pages.
must_use enum capos_status memory_create(struct cpu *cpu, const struct object_type *type,
                                         struct ledger *ledger, uint64_t pages,
                                         struct memory **out);

// The same in steps: an object that is charged for and has no frames yet; then its frames, so many
// at a time, *done when it has them all. OVERLOADED; if it was memory_grow that failed, the object
// is to be put.
must_use enum capos_status memory_begin(struct cpu *cpu, const struct object_type *type,
                                        struct ledger *ledger, uint64_t pages, struct memory **out);
must_use enum capos_status memory_grow(struct cpu *cpu, struct memory *memory, uint64_t frames,
                                       bool *done);

// An object over memory that lies at `base` for good (the boot archive), never writable; sealed if
// it is to be executed. OVERLOADED.
must_use enum capos_status memory_create_fixed(struct cpu *cpu, const struct object_type *type,
                                               struct ledger *ledger, struct paddr base,
                                               uint64_t pages, bool sealed, struct memory **out);

// A narrower object over the same memory, charged to `ledger`. The range lies within `memory`; it
// is writable only if both that and `writable` say so. OVERLOADED.
must_use enum capos_status memory_create_view(struct cpu *cpu, struct memory *memory,
                                              struct ledger *ledger, uint64_t first, uint64_t pages,
                                              bool writable, struct memory **out);

// What every type of memory objects has as its `close`. Many frames are freed in steps; meanwhile
// the ledger's `under_way` counts them.
bool memory_close(struct cpu *cpu, struct object *object);

// The frame of a page, which must lie within.
struct paddr memory_frame(const struct memory *memory, uint64_t page);

// Copies bytes out. False, and nothing copied, when they don't lie within.
must_use bool memory_read(const struct memory *memory, uint64_t offset, void *to, size_t size);

// Is it sealed?
bool memory_is_executable(const struct memory *memory);

// May it be mapped for writing, now?
bool memory_is_writable(const struct memory *memory);

// Seals it for good, for every view; sealed already is OK. BUSY while pages are mapped for writing;
// REFUSED through a view, which has no say over what others see.
must_use enum capos_status memory_seal(struct memory *memory);

// `pages` more pages are going to be mapped for writing. REFUSED when that is not allowed.
must_use enum capos_status memory_add_writers(struct memory *memory, uint64_t pages);

// So many are mapped for writing no more, on no CPU.
void memory_remove_writers(struct memory *memory, uint64_t pages);

#endif
