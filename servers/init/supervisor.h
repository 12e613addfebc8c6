// SPDX-License-Identifier: MIT
//
// The Supervisor interface, which init serves over the services that it runs.
#ifndef CAPOS_INIT_SUPERVISOR_H
#define CAPOS_INIT_SUPERVISOR_H

#include "base/attributes.h"
#include "services.h"

// Makes an endpoint of init's own and begins to serve it. The answer is a facet of the Supervisor
// to be copied, or 0 when it could not be made, which was reported.
must_use uint64_t supervisor_serve(struct services *services);

#endif
