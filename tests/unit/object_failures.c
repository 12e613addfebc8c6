// SPDX-License-Identifier: MIT
//
// Every method of every object of the kernel fails cleanly: before a call is made it is failed at
// each point where it can fail, an allocation or a reservation, also in its later steps, and each
// time the answer is `overloaded` and the kernel is as it was (tests/host/caller.h). The table must
// have one row for each method that the schemas' generated tables have of the types in
// kernel/object: a new method fails this test until it has one.
#include "core/debug.h"
#include "core/process.h"
#include "core/thread.h"
#include "schemas/boot.capos.h"
#include "schemas/console.capos.h"
#include "schemas/endpoint.capos.h"
#include "schemas/entropy.capos.h"
#include "schemas/inspection.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/process.capos.h"
#include "schemas/revocation.capos.h"
#include "schemas/scheduling.capos.h"
#include "schemas/serial.capos.h"
#include "schemas/session.capos.h"
#include "schemas/system.capos.h"
#include "schemas/thread.capos.h"
#include "schemas/time.capos.h"
#include "tests/harness.h"
#include "tests/unit/object_types.h"
#include "tests/unit/object_world.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 100, ARGUMENTS = 6, THINGS_MAX = 24 };

// A number, the number of a thing (below), or a text.
struct argument {
    uint64_t value;
    const char *thing, *text;
};

enum ending {
    ANSWERED,
    HELD,  // it is answered later
    NEVER, // whoever makes it does not go on
    SHUTS, // nobody does
};

struct row {
    const struct object_type *type;
    uint16_t method;
    const char *target;
    bool fails; // there are points where it can
    enum ending ending;
    struct argument word[ARGUMENTS];    // of the params' data
    struct argument pointer[ARGUMENTS]; // of theirs: capabilities or texts
};

static struct capos_call call;

// The interface whose methods the type serves: its own, or for what has none of its own the one
// that it inherits.
static const struct capos_interface *served_by(const struct object_type *type) {
    if (type->methods != NULL)
        return type->methods;
    ck_assert_msg(type == &capability_manager_type, "%s: say here what it serves", type->name);
    ck_assert_uint_eq(capos_capability_manager_interface.method_count, 0);
    return &capos_capability_view_interface;
}

// Things ------------------------------------------------------------------------------------------

static struct {
    const char *name;
    uint64_t id;
} things[THINGS_MAX];
static unsigned thing_count;

static void name_thing(const char *name, uint64_t id) {
    ck_assert_uint_lt(thing_count, THINGS_MAX);
    ck_assert_uint_ne(id, 0);
    things[thing_count].name = name;
    things[thing_count++].id = id;
}

// What was made under this name, or granted.
static uint64_t named(const char *name) {
    for (unsigned i = 0; i < thing_count; i++)
        if (strcmp(things[i].name, name) == 0)
            return things[i].id;
    uint64_t cap = world_grant(name);
    ck_assert_msg(cap != 0, "there is no %s", name);
    return cap;
}

// Makes the row's call, and all the failures that come before it.
static void send(const struct row *row, struct caller *caller) {
    const struct capos_method *method = served_by(row->type)->methods[row->method];
    struct capos_struct_builder params;

    capos_call_begin(&call, &caller->transport, named(row->target), method);
    params = capos_method_root(&call.params, method->params_data_words, method->params_pointers);
    for (uint32_t i = 0; i < method->params_data_words; i++)
        capos_struct_set_u64(params, i * 8,
                             row->word[i].thing != NULL ? named(row->word[i].thing)
                                                        : row->word[i].value);
    for (uint32_t i = 0; i < method->params_pointers; i++) {
        const struct argument *argument = &row->pointer[i];
        struct capos_pointer_builder pointer = capos_struct_builder_pointer(params, i);

        if (argument->text != NULL)
            capos_pointer_set_text(pointer, capos_text_of(argument->text));
        else if (argument->thing != NULL)
            capos_pointer_set_capability(pointer, capos_descriptor_copy(named(argument->thing)));
    }
    ck_assert_int_eq(capos_call_send(&call), CAPOS_DONE);
}

static int make(const struct row *row, struct capos_struct *results) {
    send(row, &world.caller);
    return capos_call_wait(&call, results);
}

// The same without failures, for what must be there first: the first capability of the results, or
// else the first word.
static uint64_t made(const struct row *row) {
    struct capos_struct results;
    uint64_t got;

    host_settle(world.host);
    world.caller.plain = true;
    int outcome = make(row, &results);
    if (outcome == -CAPOS_STATUS_BUSY) {
        host_settle(world.host);
        outcome = capos_call_wait(&call, &results);
    }
    assert_outcome(outcome, CAPOS_DONE);
    got = capos_pointer_capability_id(capos_struct_pointer(results, 0));
    if (got == 0)
        got = capos_struct_u64(results, 0);
    capos_call_release(&call);
    world.caller.plain = false;
    return got;
}

// In this order: the later ones are made of the first.
static void make_things(void) {
    static const struct {
        const char *name;
        struct row row;
    } list[] = {
        {"binary",
         {&boot_package_type, CAPOS_BOOT_PACKAGE_BINARY_METHOD, .target = "bootPackage",
          .pointer = {{.text = "other"}}}},
        {"child",
         {&process_spawner_type, CAPOS_PROCESS_SPAWNER_SPAWN_METHOD, .target = "spawner",
          .pointer = {{.thing = "binary"}, {.text = "child"}}}},
        {"memory",
         {&frame_allocator_type, CAPOS_FRAME_ALLOCATOR_ALLOCATE_METHOD, .target = "frames",
          .word = {{.value = PAGES * PAGE}}}},
        {"reserved",
         {&virtual_memory_type, CAPOS_VIRTUAL_MEMORY_RESERVE_METHOD, .target = "virtualMemory",
          .word = {{.value = PAGES * PAGE}}}},
        {"mapped",
         {&virtual_memory_type, CAPOS_VIRTUAL_MEMORY_ALLOCATE_METHOD, .target = "virtualMemory",
          .word = {{.value = PAGES * PAGE}, {.value = CAPOS_PROTECTION_READ_WRITE}}}},
        {"bare",
         {&endpoint_factory_type, CAPOS_ENDPOINT_FACTORY_CREATE_METHOD, .target = "endpoints"}},
        {"session",
         {&session_authority_type, CAPOS_SESSION_AUTHORITY_START_METHOD, .target = "sessions"}},
        {"bound",
         {&session_type, CAPOS_SESSION_BIND_METHOD, .target = "session",
          .pointer = {{.thing = "memory"}}}},
        {"context",
         {&scheduling_policy_type, CAPOS_SCHEDULING_POLICY_CREATE_CONTEXT_METHOD,
          .target = "schedulingPolicy", .word = {{.value = 1000000}, {.value = 10000000}}}},
        {"view",
         {&process_inspector_type, CAPOS_PROCESS_INSPECTOR_INSPECT_METHOD, .target = "inspector",
          .pointer = {{.thing = "child"}}}},
        {"thread",
         {&thread_spawner_type, CAPOS_THREAD_SPAWNER_SPAWN_METHOD, .target = "threadSpawner",
          .word = {{.value = 0x400010},
                   {.value = 0x700000},
                   {.value = 1},
                   {.value = 0x700040},
                   {.value = CAPOS_RING_SIZE_STANDARD}}}},
    };

    thing_count = 0;
    for (unsigned i = 0; i < sizeof list / sizeof list[0]; i++)
        name_thing(list[i].name, made(&list[i].row));
}

// Before it is unbound.
static void bind_child(void) {
    static const struct row row = {&scheduling_policy_type, CAPOS_SCHEDULING_POLICY_BIND_METHOD,
                                   .target = "schedulingPolicy",
                                   .pointer = {{.thing = "child"}, {.thing = "context"}}};

    (void)made(&row);
}

// The Revoker is the second capability of what makes it.
static void make_revoker(void) {
    struct capos_revoker_factory factory = {world_grant("revokers")};
    struct capos_revoker_factory_make_results results;

    world.caller.plain = true;
    assert_outcome(capos_revoker_factory_make(&call, world_ring(), factory,
                                              (struct capos_capability){named("timer")}, &results),
                   CAPOS_DONE);
    name_thing("revoker", capos_revoker_factory_make_results_revoker(results).id);
    capos_call_release(&call);
    world.caller.plain = false;
}

// Methods -----------------------------------------------------------------------------------------

static const struct row rows[] = {
    {&boot_package_type, CAPOS_BOOT_PACKAGE_MANIFEST_METHOD, .target = "bootPackage",
     .fails = true},
    {&boot_package_type, CAPOS_BOOT_PACKAGE_BINARY_METHOD, .target = "bootPackage", .fails = true,
     .pointer = {{.text = "other"}}},
    {&boot_package_type, CAPOS_BOOT_PACKAGE_LIST_METHOD, .target = "bootPackage"},
    {&capability_manager_type, CAPOS_CAPABILITY_VIEW_LIST_METHOD, .target = "capabilityManager",
     .word = {{.value = 0}, {.value = 8}}},
    {&capability_view_type, CAPOS_CAPABILITY_VIEW_LIST_METHOD, .target = "view",
     .word = {{.value = 0}, {.value = 8}}},
    {&console_type, CAPOS_CONSOLE_WRITE_METHOD, .target = "console", .pointer = {{.text = "x"}}},
    {&endpoint_factory_type, CAPOS_ENDPOINT_FACTORY_CREATE_METHOD, .target = "endpoints",
     .fails = true},
    {&endpoint_factory_type, CAPOS_ENDPOINT_FACTORY_FOR_SERVICE_METHOD, .target = "endpoints",
     .fails = true, .word = {{.value = 5}}},
    {&endpoint_object_type, CAPOS_ENDPOINT_RECEIVER_METHOD, .target = "bare", .fails = true},
    {&endpoint_object_type, CAPOS_ENDPOINT_FACET_METHOD, .target = "bare", .fails = true,
     .word = {{.value = 77}, {.value = 5}, {.value = CAPOS_FACET_SCOPE_ANY}}},
    {&entropy_type, CAPOS_ENTROPY_READ_METHOD, .target = "entropy", .word = {{.value = 16}}},
    {&frame_allocator_type, CAPOS_FRAME_ALLOCATOR_ALLOCATE_METHOD, .target = "frames",
     .fails = true, .ending = HELD, .word = {{.value = PAGES * PAGE}}},
    {&memory_object_type, CAPOS_MEMORY_OBJECT_INFO_METHOD, .target = "memory"},
    {&memory_object_type, CAPOS_MEMORY_OBJECT_READ_ONLY_METHOD, .target = "memory", .fails = true},
    {&memory_object_type, CAPOS_MEMORY_OBJECT_SLICE_METHOD, .target = "memory", .fails = true,
     .word = {{.value = PAGE}, {.value = 2 * PAGE}}},
    {&memory_object_type, CAPOS_MEMORY_OBJECT_SEAL_METHOD, .target = "memory"},
    {&power_type, CAPOS_POWER_OFF_METHOD, .target = "power", .ending = SHUTS,
     .word = {{.value = 7}}},
    {&power_type, CAPOS_POWER_REBOOT_METHOD, .target = "power", .ending = SHUTS},
    {&process_handle_type, CAPOS_PROCESS_HANDLE_WAIT_METHOD, .target = "child", .ending = HELD},
    {&process_handle_type, CAPOS_PROCESS_HANDLE_KILL_METHOD, .target = "child", .ending = HELD},
    {&process_handle_type, CAPOS_PROCESS_HANDLE_INFO_METHOD, .target = "child"},
    {&process_inspector_type, CAPOS_PROCESS_INSPECTOR_INSPECT_METHOD, .target = "inspector",
     .fails = true, .pointer = {{.thing = "child"}}},
    {&process_spawner_type, CAPOS_PROCESS_SPAWNER_SPAWN_METHOD, .target = "spawner", .fails = true,
     .pointer = {{.thing = "binary"}, {.text = "other"}, [4] = {.thing = "session"}}},
    {&process_spawner_type, CAPOS_PROCESS_SPAWNER_NARROW_METHOD, .target = "spawner",
     .fails = true},
    {&process_spawner_type, CAPOS_PROCESS_SPAWNER_LIMITS_METHOD, .target = "spawner"},
    {&revoker_factory_type, CAPOS_REVOKER_FACTORY_MAKE_METHOD, .target = "revokers", .fails = true,
     .pointer = {{.thing = "timer"}}},
    {&revoker_type, CAPOS_REVOKER_REVOKE_METHOD, .target = "revoker", .ending = HELD},
    {&scheduler_statistics_type, CAPOS_SCHEDULER_STATISTICS_PROCESSOR_METHOD,
     .target = "schedulerStatistics"},
    {&scheduling_context_type, CAPOS_SCHEDULING_CONTEXT_INFO_METHOD, .target = "context"},
    {&scheduling_policy_type, CAPOS_SCHEDULING_POLICY_SET_WEIGHT_METHOD,
     .target = "schedulingPolicy", .word = {{.value = 2048}}, .pointer = {{.thing = "child"}}},
    {&scheduling_policy_type, CAPOS_SCHEDULING_POLICY_SET_AFFINITY_METHOD,
     .target = "schedulingPolicy", .word = {{.value = 1}}, .pointer = {{.thing = "child"}}},
    {&scheduling_policy_type, CAPOS_SCHEDULING_POLICY_CREATE_CONTEXT_METHOD,
     .target = "schedulingPolicy", .fails = true,
     .word = {{.value = 1000000}, {.value = 10000000}}},
    {&scheduling_policy_type, CAPOS_SCHEDULING_POLICY_BIND_METHOD, .target = "schedulingPolicy",
     .pointer = {{.thing = "child"}, {.thing = "context"}}},
    {&scheduling_policy_type, CAPOS_SCHEDULING_POLICY_UNBIND_METHOD, .target = "schedulingPolicy",
     .pointer = {{.thing = "child"}}},
    {&serial_port_type, CAPOS_SERIAL_PORT_WRITE_METHOD, .target = "serial1",
     .pointer = {{.text = "x"}}},
    {&serial_port_type, CAPOS_SERIAL_PORT_READ_METHOD, .target = "serial1", .ending = HELD,
     .word = {{.value = 10}}},
    {&session_authority_type, CAPOS_SESSION_AUTHORITY_START_METHOD, .target = "sessions",
     .fails = true},
    {&session_type, CAPOS_SESSION_END_METHOD, .target = "session", .ending = HELD},
    {&session_type, CAPOS_SESSION_BIND_METHOD, .target = "session", .fails = true,
     .pointer = {{.thing = "timer"}}},
    {&session_type, CAPOS_SESSION_INFO_METHOD, .target = "session"},
    {&system_info_type, CAPOS_SYSTEM_INFO_INFO_METHOD, .target = "systemInfo"},
    {&system_info_type, CAPOS_SYSTEM_INFO_PING_METHOD, .target = "systemInfo"},
    {&thread_control_type, CAPOS_THREAD_CONTROL_EXIT_METHOD, .target = "threadControl",
     .ending = NEVER},
    {&thread_control_type, CAPOS_THREAD_CONTROL_ID_METHOD, .target = "threadControl"},
    {&thread_control_type, CAPOS_THREAD_CONTROL_SET_THREAD_BASE_METHOD, .target = "threadControl",
     .word = {{.value = PAGE}}},
    {&thread_handle_type, CAPOS_THREAD_HANDLE_JOIN_METHOD, .target = "thread", .ending = HELD},
    {&thread_handle_type, CAPOS_THREAD_HANDLE_DETACH_METHOD, .target = "thread"},
    {&thread_handle_type, CAPOS_THREAD_HANDLE_INFO_METHOD, .target = "thread"},
    {&thread_spawner_type, CAPOS_THREAD_SPAWNER_SPAWN_METHOD, .target = "threadSpawner",
     .fails = true,
     .word = {{.value = 0x400010},
              {.value = 0x700000},
              {.value = 1},
              {.value = 0x700040},
              {.value = CAPOS_RING_SIZE_STANDARD}}},
    {&thread_spawner_type, CAPOS_THREAD_SPAWNER_START_METHOD, .target = "threadSpawner",
     .fails = true,
     .word = {{.value = 0x400010},
              {.value = 0x700000},
              {.value = 1},
              {.value = 0x700040},
              {.value = CAPOS_RING_SIZE_STANDARD},
              {.value = 0}}},
    {&timer_object_type, CAPOS_TIMER_NOW_METHOD, .target = "timer"},
    {&timer_object_type, CAPOS_TIMER_SLEEP_UNTIL_METHOD, .target = "timer", .ending = HELD,
     .word = {{.value = UINT64_MAX - 1}}},
    {&virtual_memory_type, CAPOS_VIRTUAL_MEMORY_RESERVE_METHOD, .target = "virtualMemory",
     .fails = true, .word = {{.value = PAGES * PAGE}}},
    {&virtual_memory_type, CAPOS_VIRTUAL_MEMORY_COMMIT_METHOD, .target = "virtualMemory",
     .fails = true, .ending = HELD,
     .word = {{.thing = "reserved"},
              {.value = PAGES * PAGE},
              {.value = CAPOS_PROTECTION_READ_WRITE}}},
    {&virtual_memory_type, CAPOS_VIRTUAL_MEMORY_DECOMMIT_METHOD, .target = "virtualMemory",
     .ending = HELD, .word = {{.thing = "mapped"}, {.value = PAGES * PAGE}}},
    {&virtual_memory_type, CAPOS_VIRTUAL_MEMORY_PROTECT_METHOD, .target = "virtualMemory",
     .ending = HELD,
     .word = {{.thing = "mapped"}, {.value = PAGES * PAGE}, {.value = CAPOS_PROTECTION_READ}}},
    {&virtual_memory_type, CAPOS_VIRTUAL_MEMORY_UNMAP_METHOD, .target = "virtualMemory",
     .ending = HELD, .word = {{.thing = "mapped"}, {.value = PAGES * PAGE}}},
    {&virtual_memory_type, CAPOS_VIRTUAL_MEMORY_MAP_METHOD, .target = "virtualMemory",
     .fails = true, .ending = HELD,
     .word = {{.value = 0}, {.value = PAGES * PAGE}, {.value = CAPOS_PROTECTION_READ_WRITE}},
     .pointer = {{.thing = "memory"}}},
    {&virtual_memory_type, CAPOS_VIRTUAL_MEMORY_ALLOCATE_METHOD, .target = "virtualMemory",
     .fails = true, .ending = HELD,
     .word = {{.value = PAGES * PAGE}, {.value = CAPOS_PROTECTION_READ_WRITE}}},
    {&virtual_memory_type, CAPOS_VIRTUAL_MEMORY_MAP_METHOD, .target = "virtualMemory",
     .fails = true, .ending = HELD,
     .word = {{.value = 0}, {.value = PAGES * PAGE}, {.value = CAPOS_PROTECTION_READ}},
     .pointer = {{.thing = "bound"}}},
    {&memory_object_type, CAPOS_MEMORY_OBJECT_READ_ONLY_METHOD, .target = "bound", .fails = true},
    {&memory_object_type, CAPOS_MEMORY_OBJECT_INFO_METHOD, .target = "bound", .fails = true},
    {&wall_clock_type, CAPOS_WALL_CLOCK_NOW_METHOD, .target = "wallClock"},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

// Each method has a row, those that can be called in several ways have more, and there is no other.
START_TEST(every_method_has_its_row) {
    unsigned methods = 0, listed = 0;

    for (unsigned i = 0; object_types[i] != NULL; i++) {
        const struct capos_interface *interface = served_by(object_types[i]);

        for (unsigned method = 0; method < interface->method_count; method++, methods++) {
            unsigned found = 0;

            for (unsigned row = 0; row < ROWS; row++)
                found += rows[row].type == object_types[i] && rows[row].method == method;
            ck_assert_msg(found >= 1, "%s, method %u has no row", object_types[i]->name, method);
            listed += found;
        }
    }
    ck_assert_uint_eq(listed, ROWS);
    printf("# %u methods of %u types\n", methods, (unsigned)OBJECT_TYPES);
}
END_TEST

static void setup(void) {
    world_setup();
    make_things();
    make_revoker();
    host_settle(world.host);
    world.caller.steps = true;
}

// Ends every process but init.
static void teardown(void) {
    for (;;) {
        struct actor newest = world_newest();

        if (newest.process == world.init.process) {
            kernel_enter(world.cpu);
            object_put(world.cpu, &newest.process->object);
            kernel_leave(world.cpu);
            break;
        }
        actor_destroy(&newest);
    }
    host_settle_deaths(world.host);
    world_teardown();
}

static void tell(const struct row *row, const struct caller *caller) {
    printf("# %s, method %u: fails at %lu points\n", row->type->name, row->method,
           (unsigned long)caller->points);
    ck_assert_int_eq(caller->points != 0, row->fails);
}

static void answered(const struct row *row) {
    struct capos_struct results;
    int outcome = make(row, &results);

    assert_outcome(outcome,
                   row->ending == HELD && outcome != CAPOS_DONE ? -CAPOS_STATUS_BUSY : CAPOS_DONE);
    tell(row, &world.caller);
}

// The thread that ends itself is another one.
static void never_answered(const struct row *row) {
    struct list_node *last = list_last(&world.init.process->threads);
    struct actor other = {.host = world.host, .process = world.init.process};
    struct caller caller;

    other.thread = list_entry(last, struct thread, sibling);
    ck_assert_ptr_ne(other.thread, world.init.thread);
    ck_assert(ring_user_attach(&other.ring, other.thread->ring.base));
    caller_init(&caller, &other);
    caller.ends = true;
    object_get(&other.thread->object);
    send(row, &caller);
    ck_assert_int_eq(other.thread->state, THREAD_DEAD);
    tell(row, &caller);
    kernel_enter(world.cpu);
    object_put(world.cpu, &other.thread->object);
    object_close_pending(world.cpu);
    kernel_leave(world.cpu);
}

// The machine is switched off, and the program with it: a copy of this one, which waits for that.
static void shut_down(const struct row *row) {
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        answered(row);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), row->method == CAPOS_POWER_OFF_METHOD
                                              ? DEVICES_OFF + (int)row->word[0].value
                                              : DEVICES_REBOOT);
}

START_TEST(it_fails_cleanly) {
    const struct row *row = &rows[_i];

    if (row->method == CAPOS_SCHEDULING_POLICY_UNBIND_METHOD &&
        row->type == &scheduling_policy_type)
        bind_child();
    if (row->ending == NEVER)
        never_answered(row);
    else if (row->ending == SHUTS)
        shut_down(row);
    else
        answered(row);
    host_settle(world.host);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("object/failures");
    TCase *tcase = tcase_create("methods");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, every_method_has_its_row);
    tcase_add_loop_test(tcase, it_fails_cleanly, 0, ROWS);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
