// SPDX-License-Identifier: MIT
//
// Random numbers; see machine/cpu.h. Each CPU has a key of its own and makes blocks of ChaCha20
// with it; half of each block is the next key, so that what was given out can't be worked out from
// what is kept. The key comes from the processor's random source where there is one. Without, it
// comes of the timing of events, is mixed with more of it at each block, and can be guessed by a
// patient attacker; machine/info.h says so.
#include "arch/x86_64/random.h"

#include "arch/x86_64/features.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/x86.h"
#include "base/chacha.h"
#include "core/cpu.h"
#include "core/panic.h"
#include "machine/info.h"

enum { RANDOM_TRIES = 100 };

static bool random_rdseed(uint64_t *value) {
    bool ok;
    __asm__ volatile("rdseed %0; setc %1" : "=r"(*value), "=qm"(ok)::"cc");
    return ok;
}

static bool random_rdrand(uint64_t *value) {
    bool ok;
    __asm__ volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(ok)::"cc");
    return ok;
}

// A number from the processor's source; false when there is none.
static bool random_hardware(uint64_t *value) {
    for (int i = 0; features_has(FEATURE_RDSEED) && i < RANDOM_TRIES; i++)
        if (random_rdseed(value))
            return true;
    for (int i = 0; features_has(FEATURE_RDRAND) && i < RANDOM_TRIES; i++)
        if (random_rdrand(value))
            return true;
    if (features_has(FEATURE_RDRAND))
        panic("the processor's random source does not answer");
    return false;
}

void random_seed(struct machine_cpu *cpu) {
    for (unsigned i = 0; i < CHACHA_KEY_WORDS; i += 2) {
        uint64_t word = 0;
        (void)random_hardware(&word);
        word ^= x86_read_tsc() * 0x9e3779b97f4a7c15 + (uint64_t)image_start;
        cpu->random_key[i] = (uint32_t)word;
        cpu->random_key[i + 1] = (uint32_t)(word >> 32);
    }
    cpu->random_left = 0;
}

static void random_refill(struct machine_cpu *cpu) {
    uint32_t block[CHACHA_BLOCK_WORDS];
    const uint32_t nonce[3] = {cpu->number, 0, 0};
    uint64_t now = x86_read_tsc();
    cpu->random_key[0] ^= (uint32_t)now;
    cpu->random_key[1] ^= (uint32_t)(now >> 32);
    chacha_block(cpu->random_key, 0, nonce, block);
    for (unsigned i = 0; i < CHACHA_KEY_WORDS; i++) {
        cpu->random_key[i] = block[i];
        cpu->random_kept[i] = block[CHACHA_KEY_WORDS + i];
    }
    cpu->random_left = CHACHA_KEY_WORDS;
}

uint64_t machine_random(struct cpu *cpu) {
    struct machine_cpu *self = &cpu->machine;
    if (self->random_left == 0)
        random_refill(self);
    self->random_left -= 2;
    uint32_t *word = &self->random_kept[self->random_left];
    uint64_t value = (uint64_t)word[0] << 32 | word[1];
    word[0] = word[1] = 0;
    return value;
}

bool machine_random_is_hardware(struct cpu *cpu) {
    (void)cpu;
    return features_has(FEATURE_RDSEED) || features_has(FEATURE_RDRAND);
}
