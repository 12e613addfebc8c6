// SPDX-License-Identifier: MIT
//
// What the manifest asks for, checked and put in order. captool has checked the same when the image
// was made; init does not take its word for it, since whoever writes the image's bytes would
// otherwise decide what init does with its power. The plan borrows the manifest and is read-only
// afterwards.
#ifndef CAPOS_INIT_PLAN_H
#define CAPOS_INIT_PLAN_H

#include "base/attributes.h"
#include "schemas/manifest.capos.h"

#include <stdbool.h>

enum {
    PLAN_SERVICES_MAX = 60, // init watches each by a slot of its ring, of which there are 64
    PLAN_GRANTS_MAX = 14,
    PLAN_EXPORTS_MAX = 8,
    PLAN_PROFILES_MAX = 30,
};

enum plan_source {
    PLAN_KERNEL, // a capability of init's own
    PLAN_OWN,    // one over the new process itself
    PLAN_EXPORT, // an export of another service
};

struct plan_grant {
    struct capos_text name;
    enum plan_source source;
    enum capos_kernel_capability kernel;
    uint8_t service;                    // index of the service that exports it
    uint8_t export;                     // index among its exports
    const struct plan_profile *profile; // a spawner's; NULL: it is not narrowed
};

// Limits under a name.
struct plan_profile {
    struct capos_text name;
    struct capos_limits limits;
};

struct plan_service {
    struct capos_service manifest;
    struct capos_text name, binary;
    uint8_t export_count, grant_count;
    struct capos_export exports[PLAN_EXPORTS_MAX];
    struct plan_grant grants[PLAN_GRANTS_MAX];
    const struct plan_profile *profile; // NULL: the limits are all that there is
};

struct plan {
    struct plan_service services[PLAN_SERVICES_MAX]; // as in the manifest
    uint8_t service_count;
    struct plan_profile profiles[PLAN_PROFILES_MAX];
    uint8_t profile_count;
    uint8_t order[PLAN_SERVICES_MAX]; // indices, each after those it depends on

    // Told of every error, in a line without its end.
    void (*report)(void *context, const char *line);
    void *context;
    unsigned errors;
};

// Makes a plan of the manifest. False when it has errors, which were reported.
must_use bool plan_make(struct plan *plan, struct capos_system_manifest manifest,
                        void (*report)(void *context, const char *line), void *context);

// The name of a capability of the kernel as the manifest calls it, which is also what init's own
// grant is called.
const char *plan_kernel_name(enum capos_kernel_capability capability);

#endif
