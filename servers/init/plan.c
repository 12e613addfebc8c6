// SPDX-License-Identifier: MIT
//
// See plan.h. First every service is read by itself, then grants are resolved to exports, then the
// services are put in order; each step reports all that it finds, and the next one only begins when
// there was nothing.
#include "plan.h"

#include "base/format.h"
#include "base/nearest.h"
#include "base/text.h"

#include <capos/limits.h>

enum { LINE = 200 };

const char *plan_kernel_name(enum capos_kernel_capability capability) {
    static const char *const names[] = {
        [CAPOS_KERNEL_CAPABILITY_CONSOLE] = "console",
        [CAPOS_KERNEL_CAPABILITY_TIMER] = "timer",
        [CAPOS_KERNEL_CAPABILITY_WALL_CLOCK] = "wallClock",
        [CAPOS_KERNEL_CAPABILITY_ENTROPY] = "entropy",
        [CAPOS_KERNEL_CAPABILITY_FRAMES] = "frames",
        [CAPOS_KERNEL_CAPABILITY_VIRTUAL_MEMORY] = "virtualMemory",
        [CAPOS_KERNEL_CAPABILITY_BOOT_PACKAGE] = "bootPackage",
        [CAPOS_KERNEL_CAPABILITY_SPAWNER] = "spawner",
        [CAPOS_KERNEL_CAPABILITY_ENDPOINTS] = "endpoints",
        [CAPOS_KERNEL_CAPABILITY_SYSTEM_INFO] = "systemInfo",
        [CAPOS_KERNEL_CAPABILITY_POWER] = "power",
        [CAPOS_KERNEL_CAPABILITY_SERIAL1] = "serial1",
        [CAPOS_KERNEL_CAPABILITY_SERIAL2] = "serial2",
        [CAPOS_KERNEL_CAPABILITY_SERIAL3] = "serial3",
        [CAPOS_KERNEL_CAPABILITY_SUPERVISOR] = "supervisor",
        [CAPOS_KERNEL_CAPABILITY_SCHEDULING_POLICY] = "schedulingPolicy",
        [CAPOS_KERNEL_CAPABILITY_SCHEDULER_STATISTICS] = "schedulerStatistics",
        [CAPOS_KERNEL_CAPABILITY_THREAD_SPAWNER] = "threadSpawner",
        [CAPOS_KERNEL_CAPABILITY_THREAD_CONTROL] = "threadControl",
        [CAPOS_KERNEL_CAPABILITY_REVOKERS] = "revokers",
        [CAPOS_KERNEL_CAPABILITY_CAPABILITY_MANAGER] = "capabilityManager",
        [CAPOS_KERNEL_CAPABILITY_INSPECTOR] = "inspector",
        [CAPOS_KERNEL_CAPABILITY_SESSIONS] = "sessions",
    };

    return (unsigned)capability < sizeof names / sizeof names[0] ? names[capability] : NULL;
}

// Reports "service NAME: [PART NAME: ]WHAT[ NAME][ (nearest: NAME)]".
struct complaint {
    const struct plan_service *service;
    const char *part; // "grant" or "export", or NULL
    struct capos_text part_name;
    const char *what;
    struct capos_text about;
    const struct nearest *nearest;
};

static void append(struct format *f, struct capos_text text) {
    format_escaped(f, text.data, text.size);
}

static void complain(struct plan *plan, const struct complaint *c) {
    char line[LINE];
    struct format f;

    format_init(&f, line, sizeof line);
    if (c->service != NULL) {
        format_text(&f, "service ");
        append(&f, c->service->name);
        format_text(&f, ": ");
    }
    if (c->part != NULL) {
        format_text(&f, c->part);
        format_text(&f, " ");
        append(&f, c->part_name);
        format_text(&f, ": ");
    }
    format_text(&f, c->what);
    if (c->about.size > 0) {
        format_text(&f, " ");
        append(&f, c->about);
    }
    if (c->nearest != NULL && c->nearest->name != NULL) {
        format_text(&f, " (nearest: ");
        format_escaped(&f, c->nearest->name, c->nearest->name_size);
        format_text(&f, ")");
    }
    format_mark_truncation(&f);
    plan->errors++;
    plan->report(plan->context, line);
}

static bool same(struct capos_text a, struct capos_text b) {
    return text_equal(a.data, a.size, b.data, b.size);
}

static bool is_name(struct capos_text name) {
    return name.size > 0 && name.size <= CAPOS_NAME_MAX &&
           text_find(name.data, name.size, '\0') == name.size;
}

// Reading ------------------------------------------------------------------------------------

static void check_exports(struct plan *plan, struct plan_service *service,
                          struct capos_export_list list) {
    uint32_t count = capos_export_list_size(list);

    if (count > PLAN_EXPORTS_MAX) {
        complain(plan, &(struct complaint){.service = service, .what = "more than 8 exports"});
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct capos_export export = capos_export_list_at(list, i);
        struct complaint c = {service, "export", capos_export_name(export), NULL, {"", 0}, NULL};

        service->exports[service->export_count++] = export;
        if (!is_name(c.part_name))
            c.what = "a name has 1 to 31 bytes";
        else if (capos_export_interface(export) == 0)
            c.what = "it has no interface";
        for (uint32_t j = 0; j < i; j++)
            if (same(capos_export_name(service->exports[j]), c.part_name))
                c.what = "another export has this name";
        if (c.what != NULL)
            complain(plan, &c);
    }
}

// The profile of this name; NULL, with the complaint filled in, when there is none.
static const struct plan_profile *find_profile(struct plan *plan, struct complaint *complaint,
                                               struct capos_text name) {
    for (unsigned i = 0; i < plan->profile_count; i++)
        if (same(plan->profiles[i].name, name))
            return &plan->profiles[i];
    complaint->what = "there is no profile called";
    complaint->about = name;
    return NULL;
}

static void read_profiles(struct plan *plan, struct capos_resource_profile_list list) {
    uint32_t count = capos_resource_profile_list_size(list);

    if (count > PLAN_PROFILES_MAX) {
        complain(plan, &(struct complaint){.what = "more than 30 profiles"});
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct capos_resource_profile from = capos_resource_profile_list_at(list, i);
        struct complaint c = {.part = "profile", .part_name = capos_resource_profile_name(from)};
        struct complaint none = {0};

        if (!is_name(c.part_name))
            c.what = "a name has 1 to 31 bytes";
        else if (find_profile(plan, &none, c.part_name) != NULL)
            c.what = "another profile has this name";
        if (c.what != NULL)
            complain(plan, &c);
        plan->profiles[plan->profile_count++] =
            (struct plan_profile){c.part_name, capos_resource_profile_limits(from)};
    }
}

static void read_grant(struct plan *plan, const struct plan_service *service,
                       struct plan_grant *grant, struct capos_service_grant from) {
    struct complaint c = {service, "grant", capos_service_grant_name(from), NULL, {"", 0}, NULL};

    grant->name = c.part_name;
    if (!is_name(grant->name))
        c.what = "a name has 1 to 31 bytes";
    else if (service->export_count > 0 && text_is(grant->name.data, grant->name.size, "receiver"))
        c.what = "the name is taken by the Receiver of the service's exports";
    if (capos_service_grant_which(from) == CAPOS_SERVICE_GRANT_WHICH_SERVICE) {
        grant->source = PLAN_EXPORT;
    } else if (capos_service_grant_which(from) == CAPOS_SERVICE_GRANT_WHICH_KERNEL) {
        grant->kernel = capos_service_grant_kernel(from);
        grant->source =
            grant->kernel == CAPOS_KERNEL_CAPABILITY_VIRTUAL_MEMORY ? PLAN_OWN : PLAN_KERNEL;
        if (plan_kernel_name(grant->kernel) == NULL)
            c.what = "there is no such capability of the kernel";
    } else {
        c.what = "it is neither the kernel's nor a service's";
    }
    struct capos_text profile = capos_service_grant_profile(from);
    if (c.what == NULL && profile.size > 0) {
        if (grant->source == PLAN_KERNEL && grant->kernel == CAPOS_KERNEL_CAPABILITY_SPAWNER)
            grant->profile = find_profile(plan, &c, profile);
        else
            c.what = "only the kernel's spawner has a profile";
    }
    if (c.what != NULL)
        complain(plan, &c);
}

static void read_grants(struct plan *plan, struct plan_service *service,
                        struct capos_service_grant_list list) {
    uint32_t count = capos_service_grant_list_size(list);

    if (count > PLAN_GRANTS_MAX) {
        complain(plan, &(struct complaint){.service = service, .what = "more than 14 grants"});
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct plan_grant *grant = &service->grants[service->grant_count++];

        read_grant(plan, service, grant, capos_service_grant_list_at(list, i));
        for (uint32_t j = 0; j < i; j++)
            if (same(service->grants[j].name, grant->name))
                complain(plan, &(struct complaint){.service = service,
                                                   .part = "grant",
                                                   .part_name = grant->name,
                                                   .what = "another grant has this name"});
    }
}

static bool has_binary(struct capos_system_manifest manifest, struct capos_text name,
                       struct nearest *nearest) {
    struct capos_binary_list list = capos_system_manifest_binaries(manifest);

    nearest_init(nearest, name.data, name.size);
    for (uint32_t i = 0; i < capos_binary_list_size(list); i++) {
        struct capos_text candidate = capos_binary_name(capos_binary_list_at(list, i));

        if (same(candidate, name))
            return true;
        nearest_offer(nearest, candidate.data, candidate.size);
    }
    return false;
}

static void read_service(struct plan *plan, struct capos_system_manifest manifest,
                         struct capos_service from) {
    struct plan_service *service = &plan->services[plan->service_count];
    struct nearest nearest;

    *service = (struct plan_service){.manifest = from, .name = capos_service_name(from)};
    service->binary = capos_service_binary(from);
    if (service->binary.size == 0)
        service->binary = service->name;
    if (!is_name(service->name))
        complain(plan, &(struct complaint){.service = service, .what = "a name has 1 to 31 bytes"});
    for (unsigned i = 0; i < plan->service_count; i++)
        if (same(plan->services[i].name, service->name))
            complain(plan, &(struct complaint){.service = service,
                                               .what = "another service has this name"});
    if (!has_binary(manifest, service->binary, &nearest))
        complain(plan, &(struct complaint){.service = service,
                                           .what = "there is no program called",
                                           .about = service->binary,
                                           .nearest = &nearest});
    if (capos_service_when_it_ends(from) == CAPOS_END_ACTION_UNKNOWN_VALUE)
        complain(plan, &(struct complaint){.service = service,
                                           .what = "what to do when it ends is not known"});
    struct capos_text profile = capos_service_profile(from);
    if (profile.size > 0) {
        struct complaint c = {.service = service};

        service->profile = find_profile(plan, &c, profile);
        if (service->profile == NULL)
            complain(plan, &c);
    }
    check_exports(plan, service, capos_service_exports(from));
    read_grants(plan, service, capos_service_grants(from));
    plan->service_count++;
}

// Resolving ----------------------------------------------------------------------------------

static struct plan_service *find_service(struct plan *plan, struct capos_text name,
                                         struct nearest *nearest) {
    nearest_init(nearest, name.data, name.size);
    for (unsigned i = 0; i < plan->service_count; i++) {
        struct plan_service *candidate = &plan->services[i];

        if (same(candidate->name, name))
            return candidate;
        nearest_offer(nearest, candidate->name.data, candidate->name.size);
    }
    return NULL;
}

// The export that a grant names, or the only one if it names none: its index, or -1.
static int find_export(const struct plan_service *service, struct capos_text name,
                       struct nearest *nearest) {
    nearest_init(nearest, name.data, name.size);
    if (name.size == 0)
        return service->export_count == 1 ? 0 : -1;
    for (unsigned i = 0; i < service->export_count; i++) {
        struct capos_text candidate = capos_export_name(service->exports[i]);

        if (same(candidate, name))
            return (int)i;
        nearest_offer(nearest, candidate.data, candidate.size);
    }
    return -1;
}

static void resolve_grant(struct plan *plan, const struct plan_service *service,
                          struct plan_grant *grant, struct capos_service_export from) {
    struct complaint c = {.service = service, .part = "grant", .part_name = grant->name};
    struct nearest nearest;
    struct plan_service *target = find_service(plan, capos_service_export_name(from), &nearest);

    if (target == NULL) {
        c.what = "there is no service called";
        c.about = capos_service_export_name(from);
        c.nearest = &nearest;
        complain(plan, &c);
        return;
    }
    int export = find_export(target, capos_service_export_export(from), &nearest);
    if (export < 0) {
        c.about = capos_service_export_export(from);
        c.what = c.about.size > 0 ? "that service has no export called"
                                  : "that service has not exactly one export: name it";
        c.nearest = &nearest;
        complain(plan, &c);
        return;
    }
    grant->service = (uint8_t)(target - plan->services);
    grant->export = (uint8_t) export;
}

static void resolve(struct plan *plan) {
    for (unsigned i = 0; i < plan->service_count; i++) {
        struct plan_service *service = &plan->services[i];
        struct capos_service_grant_list list = capos_service_grants(service->manifest);

        for (unsigned j = 0; j < service->grant_count; j++)
            if (service->grants[j].source == PLAN_EXPORT)
                resolve_grant(plan, service, &service->grants[j],
                              capos_service_grant_service(capos_service_grant_list_at(list, j)));
    }
}

// Ordering -----------------------------------------------------------------------------------

static bool is_ready(const struct plan_service *service, const bool *placed) {
    for (unsigned i = 0; i < service->grant_count; i++)
        if (service->grants[i].source == PLAN_EXPORT && !placed[service->grants[i].service])
            return false;
    return true;
}

// The next service in the manifest's order that only depends on what is placed, or NULL.
static struct plan_service *next_ready(struct plan *plan, const bool *placed) {
    for (unsigned i = 0; i < plan->service_count; i++)
        if (!placed[i] && is_ready(&plan->services[i], placed))
            return &plan->services[i];
    return NULL;
}

// A service that waits for one that waits ... leads into a circle after as many steps as there are
// services; then the circle is walked once more and named.
static void complain_of_circle(struct plan *plan, const bool *placed) {
    char line[LINE];
    struct format f;
    unsigned at = 0;

    while (placed[at])
        at++;
    format_init(&f, line, sizeof line);
    format_text(&f, "services depend on each other in a circle: ");
    for (unsigned step = 0, first = 0; step < 2u * plan->service_count; step++) {
        const struct plan_service *service = &plan->services[at];
        unsigned next = 0;

        while (service->grants[next].source != PLAN_EXPORT || placed[service->grants[next].service])
            next++;
        if (step >= plan->service_count) {
            append(&f, service->name);
            format_text(&f, " -> ");
        }
        if (step == plan->service_count)
            first = at;
        at = service->grants[next].service;
        if (step >= plan->service_count && at == first) {
            append(&f, plan->services[first].name);
            break;
        }
    }
    format_mark_truncation(&f);
    plan->errors++;
    plan->report(plan->context, line);
}

static void put_in_order(struct plan *plan) {
    bool placed[PLAN_SERVICES_MAX] = {false};

    for (unsigned i = 0; i < plan->service_count; i++) {
        const struct plan_service *service = next_ready(plan, placed);

        if (service == NULL) {
            complain_of_circle(plan, placed);
            return;
        }
        plan->order[i] = (uint8_t)(service - plan->services);
        placed[plan->order[i]] = true;
    }
}

bool plan_make(struct plan *plan, struct capos_system_manifest manifest,
               void (*report)(void *context, const char *line), void *context) {
    struct capos_service_list services = capos_system_manifest_services(manifest);

    plan->service_count = 0;
    plan->profile_count = 0;
    plan->errors = 0;
    plan->report = report;
    plan->context = context;
    if (capos_system_manifest_schema_version(manifest) != CAPOS_CURRENT_VERSION)
        complain(plan, &(struct complaint){.what = "the manifest's schemaVersion is not 1"});
    else if (capos_service_list_size(services) > PLAN_SERVICES_MAX)
        complain(plan, &(struct complaint){.what = "the manifest has more than 60 services"});
    if (plan->errors > 0)
        return false;
    read_profiles(plan, capos_system_manifest_profiles(manifest));
    for (uint32_t i = 0; i < capos_service_list_size(services); i++)
        read_service(plan, manifest, capos_service_list_at(services, i));
    if (plan->errors == 0)
        resolve(plan);
    if (plan->errors == 0)
        put_in_order(plan);
    return plan->errors == 0;
}
