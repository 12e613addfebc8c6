// SPDX-License-Identifier: MIT
// EndpointFactory of schemas/endpoint.capnp.
#ifndef OBJECT_ENDPOINT_FACTORY_H
#define OBJECT_ENDPOINT_FACTORY_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>
#include <stdint.h>

extern const struct object_type endpoint_factory_type;

// A factory that carries a service id (0: the first one, which may be narrowed to any other),
// charged to `ledger`, with one reference for the caller. OVERLOADED.
must_use enum capos_status endpoint_factory_create(struct cpu *cpu, struct ledger *ledger,
                                                   uint64_t service, struct object **out);

#endif
