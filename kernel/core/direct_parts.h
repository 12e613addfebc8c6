// SPDX-License-Identifier: MIT
// What the direct ways (direct.c, direct_park.c) have in common: may this CPU go on with the thread
// that is woken, is the running one's wait a usual one, and the switch from one to the other.
#ifndef CORE_DIRECT_PARTS_H
#define CORE_DIRECT_PARTS_H

#include "core/cpu.h"
#include "core/ringserve.h"
#include "core/sched.h"
#include "core/thread.h"
#include "machine/context.h"

#include <capos/ring.h>
#include <stdbool.h>
#include <stdint.h>

// May this CPU go on with a thread that waits in its ring for the completion of `call`, and would
// that have nothing else to do first? The ring is locked.
static inlined bool direct_can_go_on(const struct cpu *cpu, const struct ring *ring,
                                     const struct call *call) {
    return ring_waits_for(ring, call) && sched_may_take(cpu, ring->thread);
}

// Will the ring's thread, which has read all its completions, wait for one more or for this slot's,
// and take no message meanwhile?
static inlined bool direct_is_waited_for(const struct ring *ring, uint16_t slot, uint32_t wait) {
    return wait == (CAPOS_WAIT_SLOT | slot) || (wait == 1 && list_is_empty(&ring->armed));
}

// `next` goes on here; the running thread, of which so many SQEs were taken, waits, and is known to
// go on with the end of `awaited` (ring_goes_on_with); NULL: nothing is known.
static inlined struct thread *direct_change_over(struct cpu *cpu, struct ring *ring, uint32_t taken,
                                                 struct call *awaited, struct thread *next) {
    machine_context_set_result(&ring->thread->context, taken); // CAPOS_ENTER_DONE
    ring->sq_head += taken;
    ring_publish_taken(ring);
    sched_pass(cpu, next);
    return sched_leave_passed(cpu, ring_rest(ring, awaited) ? NULL : ring->thread);
}

#endif
