// SPDX-License-Identifier: MIT
//
// The words that processes of core_model PARK on: some in each one's ring, and some in a
// MemoryObject that any of them may be given.
#ifndef CAPOS_TESTS_MODEL_WORDS_H
#define CAPOS_TESTS_MODEL_WORDS_H

#include "tests/model/driver.h"

// Makes the memory, and tells the model and the operations of the words; and the end of it. One
// run at a time.
void words_init(struct driver *d);
void words_fini(struct driver *d);

// The model's object of the memory.
int words_object(struct driver *d);

#endif
