// SPDX-License-Identifier: MIT
// Amounts of resources, as ResourceLimits of schemas/process.capnp has them and as ledgers have
// them, which count kernel memory in bytes.
#ifndef OBJECT_LIMITS_H
#define OBJECT_LIMITS_H

#include "core/ledger.h"
#include "schemas/process.capos.h"

// What a spawner lends that was never narrowed, to a process that asks for nothing.
extern const struct ledger_limits limits_default;

// What is asked for; what it doesn't name is as in `otherwise`.
struct ledger_limits limits_read(struct capos_resource_limits asked,
                                 const struct ledger_limits *otherwise);

// Kernel memory is rounded up to pages; what is more than can be told is told as the most.
void limits_write(struct capos_resource_limits_builder to, const uint64_t amount[LEDGER_CLASSES]);

#endif
