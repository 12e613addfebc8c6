// SPDX-License-Identifier: MIT
//
// Takes turns with another process through a shared word, the first of the memory that it was
// granted, which it has not mapped: it only parks and is woken. Ends when it has been woken three
// times, with the number of times that it was not.
#include "capos/park.h"
#include "capos/runtime.h"
#include "schemas/memory.capos.h"

int main(void) {
    uint64_t memory = capos_need("memory", CAPOS_MEMORY_OBJECT_INTERFACE_ID);
    int otherwise = 0;

    for (int woken = 0; woken < 3 && otherwise < 60;)
        if (capos_park_shared(memory, 0, 0, CAPOS_NO_DEADLINE) == CAPOS_STATUS_OK)
            woken++;
        else
            otherwise++;
    return otherwise;
}
