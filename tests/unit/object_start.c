// SPDX-License-Identifier: MIT
//
// kernel/object/start and kernel/core/archive: init begins as the ABI says and holds exactly the
// kernel's objects; a damaged archive is refused in words, whatever is damaged, and leaves nothing.
#include "object/start.h"

#include "core/archive.h"
#include "core/frame.h"
#include "core/vm.h"
#include "schemas/console.capos.h"
#include "schemas/time.capos.h"
#include "tests/harness.h"
#include "tests/unit/object_world.h"

#include <string.h>

START_TEST(init_begins_as_the_abi_says) {
    const struct machine_context *context = &world.init.thread->context;
    const struct capos_capset *set = world_capset(world.init.thread);
    enum protection protection;
    struct paddr frame;

    ck_assert_str_eq(world.init.process->name, "init");
    ck_assert_uint_eq(context->entry, 0x400010);
    ck_assert_uint_eq(context->argument[0], world.init.thread->ring.address.value);
    ck_assert_uint_eq(context->argument[2], 0);
    ck_assert_uint_eq(context->stack % FRAME_SIZE, FRAME_SIZE - CAPOS_THREAD_AREA);
    ck_assert_uint_eq(context->thread_base, context->stack);
    ck_assert(machine_space_lookup(world.cpu, vm_space(world.init.process->vm),
                                   (struct uaddr){context->stack & ~(uint64_t)(FRAME_SIZE - 1)},
                                   &frame, &protection));
    ck_assert_int_eq(protection, PROTECTION_READ_WRITE);
    ck_assert_uint_eq(set->magic, CAPOS_CAPSET_MAGIC);
    ck_assert_uint_eq(set->abi_major, CAPOS_CAPSET_ABI_MAJOR);
    ck_assert_uint_eq(set->process_id, world.init.process->id);
}
END_TEST

START_TEST(init_holds_the_kernels_objects_and_nothing_else) {
    static const char *const names[] = {"console",
                                        "timer",
                                        "wallClock",
                                        "entropy",
                                        "frames",
                                        "virtualMemory",
                                        "bootPackage",
                                        "spawner",
                                        "endpoints",
                                        "systemInfo",
                                        "power",
                                        "serial1",
                                        "serial2", // there is no third port
                                        "threadSpawner",
                                        "threadControl",
                                        "schedulingPolicy",
                                        "schedulerStatistics",
                                        "revokers",
                                        "capabilityManager",
                                        "inspector",
                                        "sessions"};
    const struct capos_capset *set = world_capset(world.init.thread);

    ck_assert_uint_eq(set->count, sizeof names / sizeof names[0]);
    for (uint32_t i = 0; i < set->count; i++) {
        ck_assert_str_eq(set->grants[i].name, names[i]);
        ck_assert_int_eq(actor_holds(&world.init, set->grants[i].cap), CAPOS_STATUS_OK);
    }
    ck_assert_uint_eq(world.init.process->table.used, set->count);
    ck_assert_uint_eq(set->grants[0].interface, CAPOS_CONSOLE_INTERFACE_ID);
    ck_assert_uint_eq(set->grants[1].interface, CAPOS_TIMER_INTERFACE_ID);
}
END_TEST

static const char *open_archive(uint64_t bytes) {
    struct archive archive;

    return archive_open(&archive, machine_direct_paddr(world_archive), bytes);
}

START_TEST(archives_that_are_cut_are_refused) {
    ck_assert_pstr_eq(open_archive(world_archive_bytes), NULL);
    for (uint64_t bytes = 0; bytes < world_archive_bytes; bytes += 8)
        ck_assert_ptr_nonnull(open_archive(bytes));
}
END_TEST

START_TEST(an_archive_without_init_is_refused) {
    struct host *host = host_create(1);
    uint8_t *name = memmem(world_archive, FRAME_SIZE, "init", 4);

    ck_assert_ptr_nonnull(name);
    memcpy(name, "tini", 4);
    kernel_enter(&host->cpus[0]);
    ck_assert_str_eq(
        start_init(&host->cpus[0], machine_direct_paddr(world_archive), world_archive_bytes),
        "the boot archive has no program called init");
    kernel_leave(&host->cpus[0]);
    host_destroy(host);
}
END_TEST

START_TEST(an_init_that_is_no_program_is_refused) {
    struct host *host = host_create(1);

    memset(world_archive + 2 * FRAME_SIZE, 0, FRAME_SIZE);
    kernel_enter(&host->cpus[0]);
    ck_assert_str_eq(
        start_init(&host->cpus[0], machine_direct_paddr(world_archive), world_archive_bytes),
        "the binary is no ELF file");
    kernel_leave(&host->cpus[0]);
    host_destroy(host);
}
END_TEST

// Whatever is in the index: no file reaches out of the archive.
static void assert_within(const struct archive *archive, struct archive_file file) {
    uint64_t first = (uint64_t)(uintptr_t)world_archive;

    ck_assert(file.name_size >= 1 && file.name_size <= CAPOS_NAME_MAX);
    ck_assert_uint_ge(file.base.value, first + 16 + archive->index_words * 8);
    ck_assert_uint_le(file.base.value - first + file.pages * FRAME_SIZE, world_archive_bytes);
    ck_assert_uint_le(file.bytes, file.pages * FRAME_SIZE);
}

START_TEST(mutated_archives_keep_the_rules_or_are_refused) {
    struct harness_random random = harness_random_start();
    static uint8_t good[FRAME_SIZE];
    unsigned accepted = 0;

    memcpy(good, world_archive, sizeof good);
    for (int i = 0; i < 20000; i++) {
        struct archive archive;

        memcpy(world_archive, good, sizeof good);
        for (uint64_t n = harness_random_below(&random, 4); n < 4; n++) {
            uint64_t at = harness_random_below(&random, 40) * 8;
            uint64_t value = harness_random_sized(&random);

            memcpy(world_archive + at + (harness_random_u64(&random) & 7), &value,
                   (size_t)1 << harness_random_below(&random, 4));
        }
        if (archive_open(&archive, machine_direct_paddr(world_archive), world_archive_bytes))
            continue;
        accepted++;
        assert_within(&archive, archive_manifest(&archive));
        for (uint32_t file = 0; file < archive.count; file++)
            assert_within(&archive, archive_binary(&archive, file));
    }
    ck_assert_uint_gt(accepted, 200);
    memcpy(world_archive, good, sizeof good);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("object/start");
    TCase *tcase = tcase_create("start");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, world_setup, world_teardown);
    tcase_add_test(tcase, init_begins_as_the_abi_says);
    tcase_add_test(tcase, init_holds_the_kernels_objects_and_nothing_else);
    tcase_add_test(tcase, archives_that_are_cut_are_refused);
    tcase_add_test(tcase, an_archive_without_init_is_refused);
    tcase_add_test(tcase, an_init_that_is_no_program_is_refused);
    tcase_add_test(tcase, mutated_archives_keep_the_rules_or_are_refused);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
