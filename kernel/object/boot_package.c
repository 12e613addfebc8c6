// SPDX-License-Identifier: MIT
// BootPackage. Each answer is an object of its own over the archive's pages, charged to the caller;
// programs are sealed, because the archive is never written, and may be executed.
#include "object/boot_package.h"

#include "base/bits.h"
#include "core/dispatch.h"
#include "core/memory.h"
#include "core/process.h"
#include "object/memory_object.h"
#include "schemas/boot.capos.h"

#define NAMES_MAX 32u

struct boot_package {
    struct object object;
    struct archive archive;
};

static const struct archive *archive_of(const struct target *target) {
    return &((const struct boot_package *)(const void *)target->object)->archive;
}

// An object over a file, for the caller: CAPOS_DONE and *out, or the exception.
static int open_file(const struct target *target, struct capos_invocation *inv,
                     const struct archive_file *file, bool sealed, struct memory **out) {
    if (file->pages == 0)
        return capos_fail(inv, CAPOS_FAILED, "the file is empty");
    if (dispatch_room(inv) == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "the caller has no room for the object");
    if (memory_create_fixed(target->cpu, &memory_object_type, dispatch_process(inv)->ledger,
                            file->base, file->pages, sealed, out) != CAPOS_STATUS_OK)
        return capos_fail(inv, CAPOS_OVERLOADED, "the caller's limits leave no object");
    return CAPOS_DONE;
}

static struct capos_descriptor give(struct capos_invocation *inv, struct memory *memory) {
    return dispatch_give(inv, &memory->object, CAPOS_MEMORY_OBJECT_INTERFACE_ID, CAPOS_SCOPE_ANY);
}

static int manifest(void *self, struct capos_invocation *inv,
                    struct capos_boot_package_manifest_params params,
                    struct capos_boot_package_manifest_results_builder results) {
    struct archive_file file = archive_manifest(archive_of(self));
    struct memory *memory;
    int outcome = open_file(self, inv, &file, false, &memory);

    (void)params;
    if (outcome != CAPOS_DONE)
        return outcome;
    capos_boot_package_manifest_results_set_bytes(results, file.bytes);
    capos_boot_package_manifest_results_give_object(results, give(inv, memory));
    return CAPOS_DONE;
}

static int binary(void *self, struct capos_invocation *inv,
                  struct capos_boot_package_binary_params params,
                  struct capos_boot_package_binary_results_builder results) {
    struct capos_text name = capos_boot_package_binary_params_name(params);
    struct archive_file file;
    struct memory *memory;
    int outcome;

    if (!archive_find(archive_of(self), name.data, name.size, &file))
        return capos_fail(inv, CAPOS_FAILED, "there is no program of that name");
    outcome = open_file(self, inv, &file, true, &memory);
    if (outcome != CAPOS_DONE)
        return outcome;
    capos_boot_package_binary_results_set_bytes(results, file.bytes);
    capos_boot_package_binary_results_give_object(results, give(inv, memory));
    return CAPOS_DONE;
}

static int list(void *self, struct capos_invocation *inv,
                struct capos_boot_package_list_params params,
                struct capos_boot_package_list_results_builder results) {
    const struct archive *archive = archive_of(self);
    uint32_t first = min_u32(capos_boot_package_list_params_first(params), archive->count);
    uint32_t count = min_u32(archive->count - first, NAMES_MAX);
    struct capos_text_list_builder names =
        capos_boot_package_list_results_init_names(results, count);

    (void)inv;
    for (uint32_t i = 0; i < count; i++) {
        struct archive_file file = archive_binary(archive, first + i);
        struct capos_text name = {file.name, file.name_size};

        capos_text_list_set(names, i, name);
    }
    capos_boot_package_list_results_set_more(results, first + count < archive->count);
    return CAPOS_DONE;
}

static const struct capos_boot_package_server server = {
    .manifest = manifest, .binary = binary, .list = list};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_boot_package_dispatch(&server, self, inv);
}

const struct object_type boot_package_type = {
    .name = "BootPackage",
    .interface = CAPOS_BOOT_PACKAGE_INTERFACE_ID,
    .size = sizeof(struct boot_package),
    .kind = OBJECT_KERNEL,
    .unheld = true,
    .methods = &capos_boot_package_interface,
    .serve = serve,
};

enum capos_status boot_package_create(struct cpu *cpu, struct ledger *ledger,
                                      const struct archive *archive, struct object **out) {
    enum capos_status status = object_create(cpu, &boot_package_type, ledger, out);

    if (status == CAPOS_STATUS_OK)
        ((struct boot_package *)(void *)*out)->archive = *archive;
    return status;
}
