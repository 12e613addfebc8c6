// SPDX-License-Identifier: MIT
//
// A kernel that a test holds in its hand: it takes what a client submits, remembers it, and
// completes what the test says. It checks of each SQE what the real one would refuse.
#ifndef CAPOS_TESTS_UNIT_FAKE_KERNEL_H
#define CAPOS_TESTS_UNIT_FAKE_KERNEL_H

#include "capos/client.h"

enum { FAKE_LOG = 64 };

struct fake_kernel {
    _Alignas(4096) uint8_t block[4 * 4096];
    struct capos_sqe slots[64]; // what each slot holds
    bool busy[64];
    struct capos_sqe log[FAKE_LOG]; // RELEASE, RETURN and CANCEL, in order
    unsigned logged;
    unsigned entered;
    uint32_t batch; // SQEs taken at most by one cap_enter
    // Called when the client waits and nothing is complete: must complete something.
    void (*idle)(struct fake_kernel *kernel, void *context);
    void *context;
    // Called for each CALL that is taken; may complete it. NULL: it stays.
    void (*called)(struct fake_kernel *kernel, unsigned slot);
    // The status that the next RETURNs end with.
    enum capos_status returns;
};

// Makes a kernel with a standard ring, and a client on it.
void fake_kernel_init(struct fake_kernel *kernel, struct capos_client *client);

// Completes a slot.
void fake_kernel_complete(struct fake_kernel *kernel, unsigned slot, int32_t result, uint8_t flags,
                          uint8_t caps);

// Delivers a message to the armed RECV.
void fake_kernel_deliver(struct fake_kernel *kernel, const struct capos_message *message,
                         const uint64_t *params);

// Delivers several, one behind the other.
void fake_kernel_deliver_several(struct fake_kernel *kernel, const struct capos_message *messages,
                                 const uint64_t *const *params, unsigned count);

// The slot that RECV armed, or -1.
int fake_kernel_armed(const struct fake_kernel *kernel);

#endif
