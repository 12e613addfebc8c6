// SPDX-License-Identifier: MIT
//
// memcpy, memmove, memset and memcmp for programs without a C library: plain C, in words of eight
// bytes where there are that many. Messages are small, so short sizes are for loops; whole pages
// and the like are for the processor's string instructions, which take a while to begin and then
// beat any loop. Compilers know these loops and would replace them by calls to the very functions
// that they implement; `opaque` hides the pointers from that. Uses no vector registers, so the
// kernel may link it.
#include "base/memory.h"

#include <stdint.h>

// A word at any address, which may alias anything.
struct word {
    uint64_t value;
} __attribute__((packed, may_alias));

enum {
    WORD = sizeof(struct word),
    LONG = 256, // bytes from which on a string instruction is better
};

// When a program is compiled as a whole, calls of these may be made after it was seen who calls.
#define kept __attribute__((used))

static inline void *opaque(void *p) {
    __asm__("" : "+r"(p));
    return p;
}

static inline const void *opaque_const(const void *p) {
    __asm__("" : "+r"(p));
    return p;
}

// Copies the whole words of a long run; what is left is less than one.
static inline size_t copy_long(unsigned char **to, const unsigned char **from, size_t size) {
    size_t words = size / WORD;

    __asm__ volatile("rep movsq" : "+D"(*to), "+S"(*from), "+c"(words) : : "memory");
    return size % WORD;
}

static inline size_t set_long(unsigned char **to, uint64_t pattern, size_t size) {
    size_t words = size / WORD;

    __asm__ volatile("rep stosq" : "+D"(*to), "+c"(words) : "a"(pattern) : "memory");
    return size % WORD;
}

static void copy_forward(unsigned char *to, const unsigned char *from, size_t size) {
    if (size >= LONG)
        size = copy_long(&to, &from, size);
    for (; size >= 4 * WORD; size -= 4 * WORD) {
        const struct word *source = opaque_const(from);
        struct word *target = opaque(to);
        uint64_t a = source[0].value;
        uint64_t b = source[1].value;
        uint64_t c = source[2].value;
        uint64_t d = source[3].value;

        target[0].value = a;
        target[1].value = b;
        target[2].value = c;
        target[3].value = d;
        from += 4 * WORD;
        to += 4 * WORD;
    }
    for (; size >= WORD; size -= WORD) {
        ((struct word *)opaque(to))->value = ((const struct word *)opaque_const(from))->value;
        from += WORD;
        to += WORD;
    }
    for (; size > 0; size--)
        *(unsigned char *)opaque(to++) = *from++;
}

static void copy_backward(unsigned char *to, const unsigned char *from, size_t size) {
    while (size >= WORD) {
        size -= WORD;
        ((struct word *)opaque(to + size))->value =
            ((const struct word *)opaque_const(from + size))->value;
    }
    while (size > 0) {
        size--;
        *(unsigned char *)opaque(to + size) = from[size];
    }
}

kept void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    copy_forward(to, from, size);
    return to;
}

kept void *memmove(void *to, const void *from, size_t size) {
    // As integers, because comparing pointers into different objects has no meaning in C. Going
    // forward is right unless the target begins inside the source: then the difference is below
    // size.
    if ((uintptr_t)to - (uintptr_t)from >= size)
        copy_forward(to, from, size);
    else
        copy_backward(to, from, size);
    return to;
}

kept void *memset(void *to, int byte, size_t size) {
    unsigned char *target = to;
    uint64_t pattern = (unsigned char)byte * UINT64_C(0x0101010101010101);

    if (size >= LONG)
        size = set_long(&target, pattern, size);
    for (; size >= 4 * WORD; size -= 4 * WORD) {
        struct word *word = opaque(target);

        word[0].value = pattern;
        word[1].value = pattern;
        word[2].value = pattern;
        word[3].value = pattern;
        target += 4 * WORD;
    }
    for (; size >= WORD; size -= WORD) {
        ((struct word *)opaque(target))->value = pattern;
        target += WORD;
    }
    for (; size > 0; size--)
        *(unsigned char *)opaque(target++) = (unsigned char)byte;
    return to;
}

kept int memcmp(const void *a, const void *b, size_t size) {
    const unsigned char *x = a;
    const unsigned char *y = b;

    for (; size >= WORD; size -= WORD) {
        if (((const struct word *)opaque_const(x))->value !=
            ((const struct word *)opaque_const(y))->value)
            break;
        x += WORD;
        y += WORD;
    }
    for (; size > 0; size--, x++, y++)
        if (*(const unsigned char *)opaque_const(x) != *y)
            return *x < *y ? -1 : 1;
    return 0;
}
