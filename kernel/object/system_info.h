// SPDX-License-Identifier: MIT
// SystemInfo of schemas/system.capnp.
#ifndef OBJECT_SYSTEM_INFO_H
#define OBJECT_SYSTEM_INFO_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>
#include <stddef.h>

// Bytes of the message of the day that are kept, without its NUL.
#define SYSTEM_INFO_MESSAGE_MAX 400

extern const struct object_type system_info_type;

// A new one, charged to `ledger`, with one reference for the caller; `message` is copied, cut to
// SYSTEM_INFO_MESSAGE_MAX bytes. OVERLOADED.
must_use enum capos_status system_info_create(struct cpu *cpu, struct ledger *ledger,
                                              const char *message, size_t size,
                                              struct object **out);

#endif
