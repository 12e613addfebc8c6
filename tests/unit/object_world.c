// SPDX-License-Identifier: MIT
//
// A system for tests of the kernel's objects; see object_world.h.
#include "tests/unit/object_world.h"

#include "core/frame.h"
#include "core/vm.h"
#include "object/start.h"
#include "schemas/archive.capos.h"
#include "schemas/manifest.capos.h"

#include <check.h>
#include <elf.h>
#include <string.h>

enum {
    PAGE = FRAME_SIZE,
    MANIFEST_PAGE = 1,
    INIT_PAGE = 2,
    OTHER_PAGE = 4,
    TEXT_PAGE = 6,
    PAGES = 7
};

struct object_world world;
uint8_t world_archive[PAGES * PAGE] __attribute__((aligned(FRAME_SIZE)));
const uint64_t world_archive_bytes = sizeof world_archive;

// Headers, and one page of text.
static void build_program(uint8_t *at) {
    const Elf64_Ehdr header = {
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = 0x400010,
        .e_phoff = sizeof header,
        .e_ehsize = sizeof header,
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 2};
    const Elf64_Phdr programs[2] = {{.p_type = PT_LOAD,
                                     .p_flags = PF_R | PF_X,
                                     .p_offset = PAGE,
                                     .p_vaddr = 0x400000,
                                     .p_filesz = 100,
                                     .p_memsz = 100,
                                     .p_align = PAGE},
                                    {.p_type = PT_LOAD,
                                     .p_flags = PF_R | PF_W,
                                     .p_vaddr = 0x600000,
                                     .p_memsz = 3 * PAGE,
                                     .p_align = PAGE}};

    memcpy(at, &header, sizeof header);
    memcpy(at + sizeof header, programs, sizeof programs);
}

static uint64_t build_manifest(uint8_t *at) {
    struct capos_builder builder;
    uint32_t words;

    capos_builder_init(&builder, (uint64_t *)(void *)at, PAGE / 8);
    struct capos_system_manifest_builder manifest = capos_system_manifest_build_message(&builder);
    capos_system_manifest_set_schema_version(manifest, 1);
    capos_system_manifest_set_message_of_the_day(manifest, capos_text_of("good morning"));
    ck_assert_int_eq(capos_builder_finish(&builder, &words), CAPOS_BUILD_OK);
    return words * 8;
}

static void set_file(struct capos_archive_file_builder file, const char *name, uint64_t page,
                     uint64_t bytes) {
    capos_archive_file_set_name(file, capos_text_of(name));
    capos_archive_file_set_offset(file, page * PAGE);
    capos_archive_file_set_bytes(file, bytes);
}

static void build_archive(void) {
    uint64_t *words = (uint64_t *)(void *)world_archive;
    struct capos_builder builder;
    uint32_t used;

    memset(world_archive, 0, sizeof world_archive);
    build_program(world_archive + INIT_PAGE * PAGE);
    build_program(world_archive + OTHER_PAGE * PAGE);
    memset(world_archive + TEXT_PAGE * PAGE, 'x', 10);
    capos_builder_init(&builder, words + 2, PAGE / 8 - 2);
    struct capos_boot_archive_builder archive = capos_boot_archive_build_message(&builder);
    set_file(capos_boot_archive_init_manifest(archive), "manifest", MANIFEST_PAGE,
             build_manifest(world_archive + MANIFEST_PAGE * PAGE));
    struct capos_archive_file_list_builder list = capos_boot_archive_init_binaries(archive, 3);
    set_file(capos_archive_file_list_builder_at(list, 0), "init", INIT_PAGE, PAGE + 100);
    set_file(capos_archive_file_list_builder_at(list, 1), "other", OTHER_PAGE, 2 * PAGE);
    set_file(capos_archive_file_list_builder_at(list, 2), "text", TEXT_PAGE, 10);
    ck_assert_int_eq(capos_builder_finish(&builder, &used), CAPOS_BUILD_OK);
    words[0] = UINT64_C(0x31766372416f6143);
    words[1] = used * 8;
}

struct actor world_newest(void) {
    struct list_node *node = list_last(&world.host->kernel.processes);
    struct actor actor = {.host = world.host};

    ck_assert_ptr_nonnull(node);
    actor.process = list_entry(node, struct process, sibling);
    actor.thread = list_entry(list_first(&actor.process->threads), struct thread, sibling);
    ck_assert(ring_user_attach(&actor.ring, actor.thread->ring.base));
    object_get(&actor.process->object);
    return actor;
}

void world_setup(void) {
    devices_reset();
    build_archive();
    world.host = host_create(1);
    world.cpu = &world.host->cpus[0];
    kernel_enter(world.cpu);
    ck_assert_pstr_eq(
        start_init(world.cpu, machine_direct_paddr(world_archive), sizeof world_archive), NULL);
    kernel_leave(world.cpu);
    world.init = world_newest();
    caller_init(&world.caller, &world.init);
}

// The kernel keeps its serial ports for ever; a test's kernel ends.
static void drop_serial_ports(void) {
    kernel_enter(world.cpu);
    for (unsigned i = 0; i < MACHINE_SERIAL_PORTS; i++)
        if (world.host->kernel.serial_ports[i] != NULL)
            object_put(world.cpu, world.host->kernel.serial_ports[i]);
    kernel_leave(world.cpu);
}

void world_teardown(void) {
    host_audit(world.host);
    actor_destroy(&world.init);
    drop_serial_ports();
    host_destroy(world.host);
}

const struct capos_capset *world_capset(const struct thread *thread) {
    enum protection protection;
    struct paddr frame;

    ck_assert(machine_space_lookup(world.cpu, vm_space(thread->process->vm),
                                   (struct uaddr){thread->context.argument[1]}, &frame,
                                   &protection));
    ck_assert_int_eq(protection, PROTECTION_READ);
    return machine_direct(frame);
}

uint64_t world_grant_of(const struct thread *thread, const char *name) {
    const struct capos_capset *set = world_capset(thread);

    for (uint32_t i = 0; i < set->count; i++)
        if (strcmp(set->grants[i].name, name) == 0)
            return set->grants[i].cap;
    return 0;
}

struct capos_transport *world_ring(void) {
    return &world.caller.transport;
}

uint64_t world_grant(const char *name) {
    return world_grant_of(world.init.thread, name);
}

int world_release(uint64_t cap) {
    const struct capos_sqe sqe = {.opcode = CAPOS_OP_RELEASE, .cap = cap, .user_data = 9};

    return actor_do(&world.init, &sqe).result;
}

int world_make_revocable(uint64_t cap, struct revocable *made) {
    struct capos_revoker_factory factory = {world_grant("revokers")};
    struct capos_revoker_factory_make_results results;
    struct capos_call call;

    int outcome = capos_revoker_factory_make(&call, world_ring(), factory,
                                             (struct capos_capability){cap}, &results);
    if (outcome == CAPOS_DONE) {
        made->copy = capos_revoker_factory_make_results_copy(results).id;
        made->revoker = capos_revoker_factory_make_results_revoker(results);
    }
    capos_call_release(&call);
    return outcome;
}
