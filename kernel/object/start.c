// SPDX-License-Identifier: MIT
// The start of the system; see start.h. Init gets one capability for each enumerant of the
// manifest's KernelCapability, under the enumerant's name, but for those that the machine lacks and
// the Supervisor, which init itself serves.
#include "object/start.h"

#include "base/bits.h"
#include "base/text.h"
#include "core/archive.h"
#include "core/captable.h"
#include "core/elf.h"
#include "core/frame.h"
#include "core/kernel.h"
#include "core/memory.h"
#include "core/program.h"
#include "object/boot_package.h"
#include "object/capability_view.h"
#include "object/console.h"
#include "object/endpoint_factory.h"
#include "object/entropy.h"
#include "object/frame_allocator.h"
#include "object/memory_object.h"
#include "object/power.h"
#include "object/process_handle.h"
#include "object/process_spawner.h"
#include "object/revoker.h"
#include "object/scheduler_statistics.h"
#include "object/scheduling_policy.h"
#include "object/serial_port.h"
#include "object/session_object.h"
#include "object/system_info.h"
#include "object/thread_control.h"
#include "object/thread_handle.h"
#include "object/thread_spawner.h"
#include "object/timer_object.h"
#include "object/virtual_memory.h"
#include "object/wall_clock.h"
#include "schemas/manifest.capos.h"

#include <capos/limits.h>

// What the objects are made of.
struct start {
    struct cpu *cpu;
    struct ledger *ledger; // the root's: they are the kernel's own
    const struct archive *archive;
    struct program *init;
};

typedef enum capos_status make_object_fn(struct cpu *cpu, struct ledger *ledger,
                                         struct object **out);
typedef enum capos_status make_special_fn(const struct start *start, struct object **out);

static enum capos_status make_virtual_memory(const struct start *start, struct object **out) {
    return virtual_memory_create(start->cpu, start->ledger, start->init->process->vm, out);
}

static enum capos_status make_boot_package(const struct start *start, struct object **out) {
    return boot_package_create(start->cpu, start->ledger, start->archive, out);
}

static enum capos_status make_endpoint_factory(const struct start *start, struct object **out) {
    return endpoint_factory_create(start->cpu, start->ledger, 0, out);
}

// Empty when the manifest has none that can be read: the kernel doesn't judge manifests, init does.
static struct capos_text message_of_the_day(const struct archive *archive,
                                            struct capos_reader *reader) {
    struct archive_file file = archive_manifest(archive);
    struct capos_text none = {"", 0}, text;

    capos_reader_init(reader, machine_direct(file.base), file.bytes / 8);
    text = capos_system_manifest_message_of_the_day(capos_system_manifest_read_message(reader));
    return capos_reader_ok(reader) ? text : none;
}

static enum capos_status make_system_info(const struct start *start, struct object **out) {
    struct capos_reader reader;
    struct capos_text message = message_of_the_day(start->archive, &reader);

    return system_info_create(start->cpu, start->ledger, message.data, message.size, out);
}

// A port that the machine lacks is no failure: init is not granted it then.
static enum capos_status make_serial(const struct start *start, uint32_t port,
                                     struct object **out) {
    enum capos_status status = serial_port_create(start->cpu, start->ledger, port, out);

    if (status == CAPOS_STATUS_REFUSED)
        return CAPOS_STATUS_OK;
    if (status != CAPOS_STATUS_OK)
        return status;
    object_get(*out); // for interrupts, which must find it
    start->cpu->kernel->serial_ports[port] = *out;
    return CAPOS_STATUS_OK;
}

static enum capos_status make_serial1(const struct start *start, struct object **out) {
    return make_serial(start, 0, out);
}

static enum capos_status make_serial2(const struct start *start, struct object **out) {
    return make_serial(start, 1, out);
}

static enum capos_status make_serial3(const struct start *start, struct object **out) {
    return make_serial(start, 2, out);
}

// In the order of KernelCapability, without the Supervisor.
static const struct {
    const char *name;
    const struct object_type *type;
    make_object_fn *make;
    make_special_fn *make_special; // where more than a CPU and a ledger is needed
} start_objects[] = {
    {"console", &console_type, console_create, NULL},
    {"timer", &timer_object_type, timer_object_create, NULL},
    {"wallClock", &wall_clock_type, wall_clock_create, NULL},
    {"entropy", &entropy_type, entropy_create, NULL},
    {"frames", &frame_allocator_type, frame_allocator_create, NULL},
    {"virtualMemory", &virtual_memory_type, NULL, make_virtual_memory},
    {"bootPackage", &boot_package_type, NULL, make_boot_package},
    {"spawner", &process_spawner_type, process_spawner_create, NULL},
    {"endpoints", &endpoint_factory_type, NULL, make_endpoint_factory},
    {"systemInfo", &system_info_type, NULL, make_system_info},
    {"power", &power_type, power_create, NULL},
    {"serial1", &serial_port_type, NULL, make_serial1},
    {"serial2", &serial_port_type, NULL, make_serial2},
    {"serial3", &serial_port_type, NULL, make_serial3},
    {"threadSpawner", &thread_spawner_type, thread_spawner_create, NULL},
    {"threadControl", &thread_control_type, thread_control_create, NULL},
    {"schedulingPolicy", &scheduling_policy_type, scheduling_policy_create, NULL},
    {"schedulerStatistics", &scheduler_statistics_type, scheduler_statistics_create, NULL},
    {"revokers", &revoker_factory_type, revoker_factory_create, NULL},
    {"capabilityManager", &capability_manager_type, capability_manager_create, NULL},
    {"inspector", &process_inspector_type, process_inspector_create, NULL},
    {"sessions", &session_authority_type, session_authority_create, NULL},
};

enum { START_OBJECTS = sizeof start_objects / sizeof start_objects[0] };

// Makes one object and puts it in init's table and CapSet page.
static enum capos_status grant_object(const struct start *start, uint32_t index) {
    const struct object_type *type = start_objects[index].type;
    const char *name = start_objects[index].name;
    struct captable_view view = {
        .interface = type->interface, .kind = OBJECT_KERNEL, .scope = CAPOS_SCOPE_ANY};
    enum capos_status status;
    uint64_t cap;

    if (start_objects[index].make != NULL)
        status = start_objects[index].make(start->cpu, start->ledger, &view.object);
    else
        status = start_objects[index].make_special(start, &view.object);
    if (status != CAPOS_STATUS_OK || view.object == NULL)
        return status;
    status = captable_insert(start->cpu, &start->init->process->table, &view, &cap);
    if (status != CAPOS_STATUS_OK) {
        object_put(start->cpu, view.object);
        return status;
    }
    program_grant(start->cpu, start->init, name, text_length(name, CAPOS_NAME_MAX), cap,
                  type->interface);
    return CAPOS_STATUS_OK;
}

// All but what the kernel itself still needs: a sixteenth of each.
static struct ledger_limits limits_of_init(struct ledger *root) {
    struct ledger_limits limits;

    for (unsigned class = 0; class < LEDGER_CLASSES; class ++)
        limits.limit[class] = ledger_available(root, class) / 16 * 15;
    return limits;
}

static enum capos_status create_init(const struct start *start, const struct elf_image *image,
                                     struct memory *binary) {
    struct cpu *cpu = start->cpu;
    const struct process_start process = {
        .name = "init",
        .session = {.id = atomic_fetch_add(&cpu->kernel->next_id, 1)},
        .limits = limits_of_init(start->ledger),
    };
    enum capos_status status =
        program_create(cpu, start->ledger, &process, image, binary, NULL, start->init);

    if (status != CAPOS_STATUS_OK)
        return status;
    for (uint32_t i = 0; i < START_OBJECTS && status == CAPOS_STATUS_OK; i++)
        status = grant_object(start, i);
    if (status != CAPOS_STATUS_OK)
        program_abort(cpu, start->init);
    return status;
}

static const char *run_init(const struct start *start, struct memory *binary) {
    struct elf_image image;
    const char *wrong = elf_read(binary, &image);

    if (wrong != NULL)
        return wrong;
    if (create_init(start, &image, binary) != CAPOS_STATUS_OK)
        return "there is not enough memory to start init";
    program_run(start->cpu, start->init);
    object_put(start->cpu, &start->init->process->object);
    return NULL;
}

const char *start_init(struct cpu *cpu, struct paddr base, uint64_t bytes) {
    struct archive archive;
    struct archive_file file;
    struct program program;
    struct memory *binary;
    struct start start = {
        .cpu = cpu, .ledger = &cpu->kernel->root, .archive = &archive, .init = &program};
    const char *wrong = archive_open(&archive, base, bytes);

    if (wrong != NULL)
        return wrong;
    cpu->kernel->process_answer = process_handle_answer;
    cpu->kernel->thread_answer = thread_handle_answer;
    cpu->kernel->serial_input = serial_port_input;
    if (!archive_find(&archive, "init", 4, &file))
        return "the boot archive has no program called init";
    if (memory_create_fixed(cpu, &memory_object_type, start.ledger, file.base, file.pages, true,
                            &binary) != CAPOS_STATUS_OK)
        return "there is not enough memory to start init";
    wrong = run_init(&start, binary);
    object_put(cpu, &binary->object);
    return wrong;
}
