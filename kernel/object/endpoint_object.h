// SPDX-License-Identifier: MIT
// Endpoint of schemas/endpoint.capnp: makes the Receiver and the root facets of a core endpoint.
#ifndef OBJECT_ENDPOINT_OBJECT_H
#define OBJECT_ENDPOINT_OBJECT_H

#include "core/object.h"

// The type to be given to endpoint_create (core/endpoint.h).
extern const struct object_type endpoint_object_type;

#endif
