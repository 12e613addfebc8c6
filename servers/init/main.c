// SPDX-License-Identifier: MIT
//
// init: the first process, which holds all that the kernel gives away, and hands it on as the
// manifest says. It checks the manifest again in its own right, starts the services in dependency
// order with exactly the named grants, says what failed and why, does what is asked for when one
// ends, and serves the Supervisor. It never ends.
#include "capos/runtime.h"
#include "log.h"
#include "plan.h"
#include "schemas/boot.capos.h"
#include "schemas/memory.capos.h"
#include "services.h"
#include "supervisor.h"

enum {
    STATUS_MANIFEST = 99, // of the machine, when the manifest can't be carried out
    WORD = 8,
};

static void report(void *context, const char *text) {
    (void)context;
    log_text(text);
}

__attribute__((noreturn)) static void give_up(void) {
    log_text("nothing was started");
    services_power_off(STATUS_MANIFEST);
    capos_exit(STATUS_MANIFEST);
}

__attribute__((noreturn)) static void give_up_after(const char *what,
                                                    const struct capos_call *call) {
    struct log_line line;

    log_begin(&line);
    format_text(&line.format, what);
    log_reason(&line, call);
    log_end(&line);
    give_up();
}

static struct capos_memory_object get_manifest(uint64_t *bytes) {
    struct capos_boot_package package = {
        capos_need("bootPackage", CAPOS_BOOT_PACKAGE_INTERFACE_ID)};
    struct capos_boot_package_manifest_results results;
    struct capos_memory_object object;
    struct capos_call call;

    if (capos_boot_package_manifest(&call, capos_ring(), package, &results) != CAPOS_DONE)
        give_up_after("there is no manifest", &call);
    object = capos_boot_package_manifest_results_object(results);
    *bytes = capos_boot_package_manifest_results_bytes(results);
    capos_call_release(&call);
    return object;
}

// Maps the manifest for reading; it stays mapped.
static const uint64_t *map_manifest(uint64_t *bytes) {
    struct capos_virtual_memory memory = {
        capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
    struct capos_memory_object object = get_manifest(bytes);
    uint64_t whole = (*bytes + CAPOS_PAGE_BYTES - 1) / CAPOS_PAGE_BYTES * CAPOS_PAGE_BYTES;
    struct capos_virtual_memory_map_results results;
    struct capos_call call;

    if (capos_virtual_memory_map(&call, capos_ring(), memory, object, 0, whole,
                                 CAPOS_PROTECTION_READ, &results) != CAPOS_DONE)
        give_up_after("the manifest can't be mapped", &call);
    uint64_t address = capos_virtual_memory_map_results_address(results);
    capos_call_release(&call);
    capos_release(object.id);
    return (const uint64_t *)address;
}

int main(void) {
    static struct capos_reader reader;
    static struct services services;
    static struct plan plan;
    uint64_t bytes;
    const uint64_t *words = map_manifest(&bytes);

    capos_reader_init(&reader, words, bytes / WORD);
    bool made = plan_make(&plan, capos_system_manifest_read_message(&reader), report, NULL);
    if (!capos_reader_ok(&reader)) {
        log_text("the manifest is damaged");
        give_up();
    }
    if (!made)
        give_up();
    services_start(&services, &plan, supervisor_serve(&services));
    for (;;)
        (void)capos_client_turn(capos_client(), CAPOS_NO_DEADLINE);
}
