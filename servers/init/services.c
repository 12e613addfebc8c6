// SPDX-License-Identifier: MIT
//
// See services.h. Waiting for a process takes a slot and 64 bytes of the message area as long as it
// lives: enough for an exit status. A crash record does not fit, so it is asked for again when the
// wait ends with "too big"; an ended process answers at once.
#include "services.h"

#include "capos/end.h"
#include "capos/runtime.h"
#include "log.h"
#include "schemas/boot.capos.h"
#include "schemas/system.capos.h"

enum {
    WAIT_RESULTS = 64,
    STATUS_MAX = 100, // what the host can be told
    HELD_DEFAULT = 32,
    FACETS_DEFAULT = 32,
};

// What a wait ends with.
struct ended {
    struct services *services;
    struct service *service;
};

static struct ended ends[PLAN_SERVICES_MAX];

void services_power_off(int status) {
    struct capos_power power = {capos_grant("power", CAPOS_POWER_INTERFACE_ID)};
    struct capos_power_off_results results;
    struct capos_call call;

    if (status < 0 || status > STATUS_MAX)
        status = STATUS_MAX;
    if (power.id == 0 ||
        capos_power_off(&call, capos_ring(), power, (uint8_t)status, &results) != CAPOS_DONE)
        log_text("the machine can't be switched off");
}

struct service *services_find(struct services *services, struct capos_text name) {
    for (unsigned i = 0; i < services->count; i++) {
        struct capos_text candidate = services->service[i].plan->name;

        if (candidate.size == name.size &&
            __builtin_memcmp(candidate.data, name.data, name.size) == 0)
            return &services->service[i];
    }
    return NULL;
}

static void refuse(struct services *services, struct service *service, const char *what,
                   const struct capos_call *call) {
    struct log_line line;

    service->state = SERVICE_REFUSED;
    services->status = 1;
    log_begin_service(&line, service->plan->name);
    format_text(&line.format, "was not started: ");
    format_text(&line.format, what);
    if (call != NULL)
        log_reason(&line, call);
    log_end(&line);
}

// Endpoints ----------------------------------------------------------------------------------

static bool make_facets(struct service *service) {
    bool made = true;

    for (unsigned i = 0; made && i < service->plan->export_count; i++) {
        struct capos_endpoint_facet_results results;
        struct capos_export export = service->plan->exports[i];
        struct capos_call call;

        made = capos_endpoint_facet(&call, capos_ring(), service->endpoint,
                                    capos_export_interface(export), capos_export_object_id(export),
                                    CAPOS_FACET_SCOPE_ANY, &results) == CAPOS_DONE;
        if (made)
            service->facets[i] = capos_endpoint_facet_results_facet(results).id;
        capos_call_release(&call);
    }
    return made;
}

static bool make_receiver(struct service *service) {
    struct capos_endpoint_receiver_results results;
    struct capos_call call;
    bool made =
        capos_endpoint_receiver(&call, capos_ring(), service->endpoint, &results) == CAPOS_DONE;

    if (made)
        service->receiver = capos_endpoint_receiver_results_receiver(results).id;
    capos_call_release(&call);
    return made;
}

// An endpoint whose service id is the service's place in the manifest, from 1 on.
static bool make_endpoint(struct service *service, uint64_t id) {
    struct capos_endpoint_factory first = {
        capos_need("endpoints", CAPOS_ENDPOINT_FACTORY_INTERFACE_ID)};
    struct capos_endpoint_factory_for_service_results narrowed;
    struct capos_endpoint_factory_create_results created;
    struct capos_endpoint_factory own = {0};
    struct capos_call call;

    if (capos_endpoint_factory_for_service(&call, capos_ring(), first, id, &narrowed) == CAPOS_DONE)
        own.id = capos_endpoint_factory_for_service_results_factory(narrowed).id;
    capos_call_release(&call);
    if (own.id == 0)
        return false;
    if (capos_endpoint_factory_create(&call, capos_ring(), own, &created) == CAPOS_DONE)
        service->endpoint.id = capos_endpoint_factory_create_results_endpoint(created).id;
    capos_call_release(&call);
    capos_release(own.id);
    return service->endpoint.id != 0 && make_facets(service) && make_receiver(service);
}

// Spawning -----------------------------------------------------------------------------------

// Init's own capability of the kernel's, or 0.
static uint64_t kernel_capability(const struct services *services,
                                  enum capos_kernel_capability capability) {
    const struct capos_capset *set = capos_grants();
    struct capos_text name = capos_text_of(plan_kernel_name(capability));

    if (capability == CAPOS_KERNEL_CAPABILITY_SUPERVISOR)
        return services->supervisor;
    for (uint32_t i = 0; i < set->count; i++)
        if (__builtin_memcmp(set->grants[i].name, name.data, name.size + 1) == 0)
            return set->grants[i].cap;
    return 0;
}

// The first grant that can't be given, or NULL.
static const char *missing_grant(const struct services *services, const struct service *service) {
    for (unsigned i = 0; i < service->plan->grant_count; i++) {
        const struct plan_grant *grant = &service->plan->grants[i];

        if (grant->source == PLAN_EXPORT &&
            services->service[grant->service].state == SERVICE_REFUSED)
            return "a service that it depends on was not started";
        if (grant->source == PLAN_KERNEL && kernel_capability(services, grant->kernel) == 0)
            return plan_kernel_name(grant->kernel);
    }
    return NULL;
}

static void set_grants(const struct services *services, const struct service *service,
                       struct capos_process_spawner_spawn_params_builder params) {
    const struct plan_service *plan = service->plan;
    uint32_t first = service->receiver != 0;
    struct capos_spawn_grant_list_builder list =
        capos_process_spawner_spawn_params_init_grants(params, first + plan->grant_count);

    if (service->receiver != 0) {
        struct capos_spawn_grant_builder to = capos_spawn_grant_list_builder_at(list, 0);

        capos_spawn_grant_set_name(to, capos_text_of("receiver"));
        capos_spawn_grant_give_capability(to, capos_descriptor_move(service->receiver));
    }
    for (uint32_t i = 0; i < plan->grant_count; i++) {
        const struct plan_grant *grant = &plan->grants[i];
        struct capos_spawn_grant_builder to = capos_spawn_grant_list_builder_at(list, first + i);
        uint64_t cap = grant->source == PLAN_EXPORT
                           ? services->service[grant->service].facets[grant->export]
                           : kernel_capability(services, grant->kernel);

        capos_spawn_grant_set_name(to, grant->name);
        if (grant->source == PLAN_OWN)
            capos_spawn_grant_set_own(to, CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY);
        else if (service->made[i] != 0)
            capos_spawn_grant_give_capability(to, capos_descriptor_move(service->made[i]));
        else
            capos_spawn_grant_give_capability(to, capos_descriptor_copy(cap));
    }
}

typedef uint32_t get_limit(struct capos_limits limits);
typedef void set_limit(struct capos_resource_limits_builder limits, uint32_t value);

// Each limit, and what a service with exports can't do without.
static const struct {
    get_limit *get;
    set_limit *set;
    uint32_t serves;
} limits[] = {
    {capos_limits_slots, capos_resource_limits_set_slots, 0},
    {capos_limits_frames, capos_resource_limits_set_frames, 0},
    {capos_limits_reserved_pages, capos_resource_limits_set_reserved_pages, 0},
    {capos_limits_threads, capos_resource_limits_set_threads, 0},
    {capos_limits_endpoints, capos_resource_limits_set_endpoints, 0},
    {capos_limits_facets, capos_resource_limits_set_facets, FACETS_DEFAULT},
    {capos_limits_calls_held, capos_resource_limits_set_calls_held, HELD_DEFAULT},
    {capos_limits_kernel_memory, capos_resource_limits_set_kernel_memory, 0},
};

enum { LIMITS = sizeof limits / sizeof limits[0] };

// The service's own limits, then those of its profile, then what every service with exports has.
static void set_limits(const struct service *service,
                       struct capos_process_spawner_spawn_params_builder params) {
    const struct plan_service *plan = service->plan;
    struct capos_limits own = capos_service_limits(plan->manifest);
    struct capos_resource_limits_builder to =
        capos_process_spawner_spawn_params_init_limits(params);

    for (unsigned i = 0; i < LIMITS; i++) {
        uint32_t value = limits[i].get(own);

        if (value == 0 && plan->profile != NULL)
            value = limits[i].get(plan->profile->limits);
        if (value == 0 && plan->export_count > 0)
            value = limits[i].serves;
        limits[i].set(to, value);
    }
}

// A spawner that lends no more than the profile says, or 0.
static uint64_t narrow_spawner(const struct services *services,
                               const struct plan_profile *profile) {
    struct capos_process_spawner spawner = {
        kernel_capability(services, CAPOS_KERNEL_CAPABILITY_SPAWNER)};
    struct capos_process_spawner_narrow_results results;
    struct capos_call call;
    struct capos_process_spawner_narrow_params_builder params =
        capos_process_spawner_narrow_begin(&call, capos_ring(), spawner);
    struct capos_resource_limits_builder to =
        capos_process_spawner_narrow_params_init_limits(params);
    uint64_t made = 0;

    for (unsigned i = 0; i < LIMITS; i++)
        limits[i].set(to, limits[i].get(profile->limits));
    if (capos_process_spawner_narrow_call(&call, &results) == CAPOS_DONE)
        made = capos_process_spawner_narrow_results_spawner(results).id;
    capos_call_release(&call);
    return made;
}

// Makes what the service is to be given and nobody else has. False when that fails.
static bool make_grants(const struct services *services, struct service *service) {
    bool made = true;

    for (uint32_t i = 0; i < service->plan->grant_count && made; i++) {
        const struct plan_profile *profile = service->plan->grants[i].profile;

        service->made[i] = profile == NULL ? 0 : narrow_spawner(services, profile);
        made = profile == NULL || service->made[i] != 0;
    }
    return made;
}

static void release_made(struct service *service) {
    for (uint32_t i = 0; i < service->plan->grant_count; i++) {
        if (service->made[i] != 0)
            capos_release(service->made[i]);
        service->made[i] = 0;
    }
}

static bool spawn(struct services *services, struct service *service,
                  struct capos_memory_object binary) {
    struct capos_process_spawner spawner = {
        capos_need("spawner", CAPOS_PROCESS_SPAWNER_INTERFACE_ID)};
    struct capos_process_spawner_spawn_results results;
    struct capos_call call;

    if (!make_grants(services, service)) {
        refuse(services, service, "a spawner could not be narrowed", NULL);
        release_made(service);
        return false;
    }
    struct capos_process_spawner_spawn_params_builder params =
        capos_process_spawner_spawn_begin(&call, capos_ring(), spawner);

    capos_process_spawner_spawn_params_set_binary(params, binary);
    capos_process_spawner_spawn_params_set_name(params, service->plan->name);
    set_grants(services, service, params);
    set_limits(service, params);
    bool spawned = capos_process_spawner_spawn_call(&call, &results) == CAPOS_DONE;
    if (spawned) {
        service->process = capos_process_spawner_spawn_results_process(results);
        service->receiver = 0;
        for (uint32_t i = 0; i < service->plan->grant_count; i++)
            service->made[i] = 0; // moved
    } else {
        refuse(services, service, "spawning failed", &call);
    }
    capos_call_release(&call);
    release_made(service);
    return spawned;
}

static bool get_binary(struct services *services, struct service *service,
                       struct capos_memory_object *binary) {
    struct capos_boot_package package = {
        capos_need("bootPackage", CAPOS_BOOT_PACKAGE_INTERFACE_ID)};
    struct capos_boot_package_binary_results results;
    struct capos_call call;
    bool found = capos_boot_package_binary(&call, capos_ring(), package, service->plan->binary,
                                           &results) == CAPOS_DONE;

    if (found)
        *binary = capos_boot_package_binary_results_object(results);
    else
        refuse(services, service, "its program is not in the image", &call);
    capos_call_release(&call);
    return found;
}

// Ending -------------------------------------------------------------------------------------

// What the host is told when this end switches the machine off.
static int status_of(struct capos_process_end end) {
    if (capos_process_end_which(end) != CAPOS_PROCESS_END_WHICH_EXITED)
        return STATUS_MAX;
    int32_t status = capos_process_end_exited(end);
    return status < 0 || status > STATUS_MAX ? STATUS_MAX : status;
}

static bool powers_off(const struct service *service) {
    return capos_service_when_it_ends(service->plan->manifest) == CAPOS_END_ACTION_POWER_OFF;
}

static void end_service(struct services *services, struct service *service,
                        struct capos_process_end end) {
    struct log_line line;
    int status = status_of(end);

    service->state = SERVICE_ENDED;
    services->running--;
    if (status != 0)
        services->status = 1;
    log_begin_service(&line, service->plan->name);
    end_format(&line.format, end);
    log_end(&line);
    if (powers_off(service))
        services_power_off(status);
    else if (services->running == 0)
        services_power_off(services->status);
}

// The same wait again, with room for a crash record.
static void ask_again(struct services *services, struct service *service) {
    struct capos_process_handle_wait_results results;
    struct capos_call call;

    if (capos_process_handle_wait(&call, capos_ring(), service->process, &results) == CAPOS_DONE) {
        end_service(services, service, capos_process_handle_wait_results_end(results));
    } else {
        struct log_line line;

        log_begin_service(&line, service->plan->name);
        format_text(&line.format, "can't be watched");
        log_reason(&line, &call);
        log_end(&line);
    }
    capos_call_release(&call);
}

static void on_end(void *context) {
    struct ended *ended = context;
    struct service *service = ended->service;
    struct capos_process_handle_wait_results results;

    if (capos_process_handle_wait_wait(&service->wait, &results) == CAPOS_DONE)
        end_service(ended->services, service, capos_process_handle_wait_results_end(results));
    else
        ask_again(ended->services, service);
    capos_call_release(&service->wait);
}

static void watch(struct services *services, struct service *service) {
    struct ended *ended = &ends[service - services->service];

    *ended = (struct ended){services, service};
    capos_expect_results(capos_client(), WAIT_RESULTS);
    capos_process_handle_wait_begin(&service->wait, capos_ring(), service->process);
    if (capos_call_then(capos_client(), &service->wait, on_end, ended) != CAPOS_DONE) {
        struct log_line line;

        log_begin_service(&line, service->plan->name);
        format_text(&line.format, "can't be watched");
        log_reason(&line, &service->wait);
        log_end(&line);
        capos_call_release(&service->wait);
    }
}

static uint64_t id_of(struct capos_process_handle process) {
    struct capos_process_handle_info_results results;
    struct capos_call call;
    uint64_t id = 0;

    if (capos_process_handle_info(&call, capos_ring(), process, &results) == CAPOS_DONE)
        id = capos_process_handle_info_results_id(results);
    capos_call_release(&call);
    return id;
}

static void start(struct services *services, struct service *service) {
    struct capos_memory_object binary;
    const char *missing = missing_grant(services, service);

    if (service->state == SERVICE_REFUSED)
        return;
    if (missing != NULL) {
        refuse(services, service, missing, NULL);
        return;
    }
    if (!get_binary(services, service, &binary))
        return;
    bool spawned = spawn(services, service, binary);
    capos_release(binary.id);
    if (!spawned)
        return;
    service->state = SERVICE_RUNNING;
    services->running++;
    service->id = id_of(service->process);
    watch(services, service);
}

// A service without which the machine is to be off was not started: it never comes to its end.
static bool lacks_one_that_matters(const struct services *services) {
    for (unsigned i = 0; i < services->count; i++)
        if (services->service[i].state == SERVICE_REFUSED && powers_off(&services->service[i]))
            return true;
    return false;
}

void services_start(struct services *services, const struct plan *plan, uint64_t supervisor) {
    services->plan = plan;
    services->count = plan->service_count;
    services->supervisor = supervisor;
    for (unsigned i = 0; i < plan->service_count; i++) {
        struct service *service = &services->service[i];

        *service = (struct service){.plan = &plan->services[i]};
        if (service->plan->export_count > 0 && !make_endpoint(service, i + 1))
            refuse(services, service, "its endpoint could not be made", NULL);
    }
    for (unsigned i = 0; i < plan->service_count; i++)
        start(services, &services->service[plan->order[i]]);
    if (services->running == 0 || lacks_one_that_matters(services))
        services_power_off(services->status);
}
