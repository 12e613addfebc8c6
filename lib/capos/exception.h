// SPDX-License-Identifier: MIT
//
// CapExceptions as messages (schemas/status.capnp), and statuses in words.
#ifndef CAPOS_LIB_EXCEPTION_H
#define CAPOS_LIB_EXCEPTION_H

#include "capnp/call.h"

#include <capos/status.h>
#include <stdint.h>

// A status of the transport for a person to read.
const char *capos_status_text(enum capos_status status);

// An exception's kind for a person to read.
const char *capos_outcome_text(enum capos_outcome outcome);

// Reads an exception: the kind, and the reason, which stays in the message. What can't be read is
// a failure all the same.
enum capos_outcome capos_exception_read(const uint64_t *words, uint32_t size, const char **reason);

// Writes an exception and returns its size in words. The reason is cut to fit; `capacity` must be
// at least EXCEPTION_WORDS_MIN.
enum { EXCEPTION_WORDS_MIN = 4 };
uint32_t capos_exception_write(uint64_t *words, uint32_t capacity, enum capos_outcome kind,
                               const char *reason);

#endif
