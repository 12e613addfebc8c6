// SPDX-License-Identifier: MIT
// Packing and unpacking, a word at a time. Sizes are compared as what is left, so no sum can wrap.
#include "capnp/packed.h"

// The most words that one count byte stands for.
#define RUN 255

struct packer {
    uint8_t *bytes;
    size_t room;
    size_t used;
};

static bool put(struct packer *p, uint8_t byte) {
    if (p->used == p->room)
        return false;
    p->bytes[p->used++] = byte;
    return true;
}

// Puts the bytes of a word that are not zero; all of them if it is to stand unpacked.
static bool put_bytes(struct packer *p, uint64_t word, bool all) {
    for (unsigned shift = 0; shift < 64; shift += 8)
        if ((all || (uint8_t)(word >> shift) != 0) && !put(p, (uint8_t)(word >> shift)))
            return false;
    return true;
}

static uint8_t tag_of(uint64_t word) {
    uint8_t tag = 0;
    for (unsigned i = 0; i < 8; i++)
        if ((uint8_t)(word >> 8 * i) != 0)
            tag |= (uint8_t)(1u << i);
    return tag;
}

// A word with at most one zero byte is not worth packing.
static bool is_dense(uint64_t word) {
    unsigned zeros = 0;
    for (unsigned shift = 0; shift < 64; shift += 8)
        zeros += (uint8_t)(word >> shift) == 0;
    return zeros < 2;
}

static size_t run_of_zeros(const uint64_t *words, size_t count) {
    size_t run = 0;
    while (run < count && run < RUN && words[run] == 0)
        run++;
    return run;
}

static size_t run_of_dense(const uint64_t *words, size_t count) {
    size_t run = 0;
    while (run < count && run < RUN && is_dense(words[run]))
        run++;
    return run;
}

// Packs the word at the front and the run that follows it; `taken` words in all.
static bool pack_front(struct packer *p, const uint64_t *words, size_t count, size_t *taken) {
    uint8_t tag = tag_of(words[0]);
    size_t run = 0;
    if (!put(p, tag) || !put_bytes(p, words[0], false))
        return false;
    *taken = 1;
    if (tag == 0)
        run = run_of_zeros(words + 1, count - 1);
    else if (tag == 0xff)
        run = run_of_dense(words + 1, count - 1);
    else
        return true;
    *taken += run;
    if (!put(p, (uint8_t)run))
        return false;
    for (size_t i = 1; tag != 0 && i <= run; i++)
        if (!put_bytes(p, words[i], true))
            return false;
    return true;
}

enum capos_packed_error capos_pack(const uint64_t *words, size_t count, uint8_t *bytes, size_t room,
                                   size_t *used) {
    struct packer p = {bytes, room, 0};
    size_t taken;
    bool fits = true;
    for (size_t i = 0; i < count && fits; i += taken)
        fits = pack_front(&p, words + i, count - i, &taken);
    *used = p.used;
    return fits ? CAPOS_PACKED_OK : CAPOS_PACKED_FULL;
}

struct unpacker {
    const uint8_t *bytes;
    size_t size;
    size_t at;
};

static bool get(struct unpacker *u, uint8_t *byte) {
    if (u->at == u->size)
        return false;
    *byte = u->bytes[u->at++];
    return true;
}

static bool get_word(struct unpacker *u, uint8_t tag, uint64_t *word) {
    *word = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint8_t byte;
        if ((tag >> i & 1) == 0)
            continue;
        if (!get(u, &byte))
            return false;
        *word |= (uint64_t)byte << 8 * i;
    }
    return true;
}

enum capos_packed_error capos_unpack(const uint8_t *bytes, size_t size, uint64_t *words,
                                     size_t room, size_t *used) {
    struct unpacker u = {bytes, size, 0};
    uint64_t word;
    uint8_t tag;
    *used = 0;
    while (get(&u, &tag)) {
        uint8_t run = 0;
        if (!get_word(&u, tag, &word) || ((tag == 0 || tag == 0xff) && !get(&u, &run)))
            return CAPOS_PACKED_SHORT;
        if (room - *used < (size_t)run + 1) {
            *used += (size_t)run + 1;
            return CAPOS_PACKED_FULL;
        }
        words[(*used)++] = word;
        for (; run > 0; run--)
            if (!get_word(&u, tag, &words[(*used)++]))
                return CAPOS_PACKED_SHORT;
    }
    return CAPOS_PACKED_OK;
}
