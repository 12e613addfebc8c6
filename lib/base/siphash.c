// SPDX-License-Identifier: MIT
//
// SipHash-2-4: two rounds per word of eight bytes, four to finish. The names of the state are the
// paper's.
#include "base/siphash.h"

#include "base/bytes.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t v, unsigned by) {
    return v << by | v >> (64 - by);
}

static inline void sip_round(struct state *s) {
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static inline void absorb(struct state *s, uint64_t word) {
    s->v3 ^= word;
    sip_round(s);
    sip_round(s);
    s->v0 ^= word;
}

static inline uint64_t squeeze(struct state *s) {
    for (int i = 0; i < 4; i++)
        sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

// The state after all of the data; the last word has the remaining bytes and, on top, the size's
// low byte.
static struct state hash(struct siphash_key key, const void *data, size_t size, uint64_t variant) {
    const unsigned char *byte = data;
    size_t tail = size % 8;
    const unsigned char *end = byte + (size - tail);
    uint64_t last = (uint64_t)size << 56;
    struct state s = {
        .v0 = key.low ^ 0x736f6d6570736575u,
        .v1 = key.high ^ 0x646f72616e646f6du ^ variant,
        .v2 = key.low ^ 0x6c7967656e657261u,
        .v3 = key.high ^ 0x7465646279746573u,
    };

    for (; byte != end; byte += 8)
        absorb(&s, load_u64(byte));
    for (size_t i = 0; i < tail; i++)
        last |= (uint64_t)end[i] << (8 * i);
    absorb(&s, last);
    return s;
}

uint64_t siphash(struct siphash_key key, const void *data, size_t size) {
    struct state s = hash(key, data, size, 0);

    s.v2 ^= 0xff;
    return squeeze(&s);
}

struct siphash_128 siphash_wide(struct siphash_key key, const void *data, size_t size) {
    struct state s = hash(key, data, size, 0xee);
    struct siphash_128 result;

    s.v2 ^= 0xee;
    result.low = squeeze(&s);
    s.v1 ^= 0xdd;
    result.high = squeeze(&s);
    return result;
}
