// SPDX-License-Identifier: MIT
//
// idler: a child of a puppet's. It ends with a status of its own at once, or, when it was granted a
// MemoryObject as `stay=N`, when a word of that is no longer N.
#include "tests/stress/idler.h"
#include "base/memory.h"
#include "capos/park.h"
#include "capos/runtime.h"
#include "schemas/memory.capos.h"

int main(void) {
    const struct capos_capset *grants = capos_grants();
    uint32_t number = 0;

    if (grants->count == 0)
        return IDLER_STATUS;
    for (const char *digit = grants->grants[0].name + IDLER_STAY_LENGTH; *digit != 0; digit++)
        number = number * 10 + (uint32_t)(*digit - '0');
    while (capos_park_shared(grants->grants[0].cap, IDLER_WORD, number, CAPOS_NO_DEADLINE) ==
           CAPOS_STATUS_OK)
        continue;
    return 0;
}
