// SPDX-License-Identifier: MIT
//
// Programs that the shell runs. A child gets what the command names and nothing else; its end is
// told of in one line, at once when the shell waits for it, else when a turn of the ring finds it.
#include "shell.h"

#include "base/nearest.h"
#include "base/text.h"
#include "capos/capset.h"
#include "capos/end.h"
#include "capos/runtime.h"

enum {
    WAIT_RESULTS = 320, // an end with a crash record
    LIST_RESULTS = 2048,
};

// What a program that is run may use, lent by the shell as long as it runs: small shares, so that
// as many programs as the shell can watch fit beside each other.
enum {
    CHILD_SLOTS = 24,
    CHILD_FRAMES = 192,
    CHILD_RESERVED_PAGES = 4096,
    CHILD_KERNEL_MEMORY = 32,
};

// Says "no WHAT is called NAME", with the nearest one.
static void say_unknown(const char *what, struct word name, const struct nearest *nearest) {
    struct line line;

    line_begin(&line);
    line_text(&line, "no ");
    line_text(&line, what);
    line_text(&line, " is called ");
    line_word(&line, name);
    if (nearest->name != NULL) {
        line_text(&line, "; did you mean ");
        line_word(&line, (struct word){nearest->name, nearest->name_size});
        line_text(&line, "?");
    }
    line_end(&line);
}

// Grants -------------------------------------------------------------------------------------

static bool is_own(struct word source) {
    return word_is(source, "own");
}

// The shell's capability that a grant names. Says what is wrong and answers NULL if there is none.
static const struct capos_grant *grant_source(struct word source) {
    const struct capos_capset *set = capos_grants();
    const struct capos_grant *grant = capset_find(set, source.text, source.size);
    struct nearest nearest;

    if (grant != NULL)
        return grant;
    nearest_init(&nearest, source.text, source.size);
    for (uint32_t i = 0; i < set->count; i++)
        nearest_offer(&nearest, set->grants[i].name,
                      text_length(set->grants[i].name, CAPOS_NAME_MAX));
    say_unknown("capability of this shell", source, &nearest);
    return NULL;
}

static bool check_grants(const struct command *command) {
    for (size_t i = 0; i < command->grant_count; i++) {
        struct word name = command->grants[i].name;

        if (name.size == 0 || name.size > CAPOS_NAME_MAX) {
            say("a grant's name has 1 to 31 bytes");
            return false;
        }
        if (!is_own(command->grants[i].source) && grant_source(command->grants[i].source) == NULL)
            return false;
    }
    return true;
}

static void set_grants(const struct command *command,
                       struct capos_process_spawner_spawn_params_builder params) {
    struct capos_spawn_grant_list_builder list =
        capos_process_spawner_spawn_params_init_grants(params, (uint32_t)command->grant_count);

    for (uint32_t i = 0; i < command->grant_count; i++) {
        const struct command_grant *from = &command->grants[i];
        struct capos_spawn_grant_builder to = capos_spawn_grant_list_builder_at(list, i);
        struct capos_text name = {from->name.text, (uint32_t)from->name.size};

        capos_spawn_grant_set_name(to, name);
        if (is_own(from->source))
            capos_spawn_grant_set_own(to, CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY);
        else
            capos_spawn_grant_give_capability(
                to, capos_descriptor_copy(grant_source(from->source)->cap));
    }
}

static void set_limits(struct capos_process_spawner_spawn_params_builder params) {
    struct capos_resource_limits_builder limits =
        capos_process_spawner_spawn_params_init_limits(params);

    capos_resource_limits_set_slots(limits, CHILD_SLOTS);
    capos_resource_limits_set_frames(limits, CHILD_FRAMES);
    capos_resource_limits_set_reserved_pages(limits, CHILD_RESERVED_PAGES);
    capos_resource_limits_set_threads(limits, 1);
    capos_resource_limits_set_kernel_memory(limits, CHILD_KERNEL_MEMORY);
}

// Programs -----------------------------------------------------------------------------------

static void offer_programs(struct shell *shell, struct nearest *nearest, char *name,
                           size_t name_room) {
    struct capos_boot_package_list_results results;
    struct capos_call call;
    uint32_t first = 0;
    bool more = true;

    while (more) {
        capos_expect_results(capos_client(), LIST_RESULTS);
        more = capos_boot_package_list(&call, capos_ring(), shell->package, first, &results) ==
               CAPOS_DONE;
        struct capos_text_list names = capos_boot_package_list_results_names(results);
        uint32_t count = more ? capos_text_list_size(names) : 0;
        for (uint32_t i = 0; i < count; i++) {
            struct capos_text candidate = capos_text_list_at(names, i);
            unsigned before = nearest->cost;

            nearest_offer(nearest, candidate.data, candidate.size);
            if (nearest->cost < before &&
                text_copy(name, name_room, candidate.data, candidate.size))
                nearest->name = name;
        }
        first += count;
        more = more && count > 0 && capos_boot_package_list_results_more(results);
        capos_call_release(&call);
    }
}

static bool get_program(struct shell *shell, struct word name,
                        struct capos_memory_object *program) {
    struct capos_text text = {name.text, (uint32_t)name.size};
    struct capos_boot_package_binary_results results;
    char nearest_name[CAPOS_NAME_MAX + 1];
    struct nearest nearest;
    struct capos_call call;
    int status = capos_boot_package_binary(&call, capos_ring(), shell->package, text, &results);

    if (status == CAPOS_DONE)
        *program = capos_boot_package_binary_results_object(results);
    else if (status != CAPOS_FAILED)
        say_failed("run", &call);
    capos_call_release(&call);
    if (status == CAPOS_FAILED) {
        nearest_init(&nearest, name.text, name.size);
        offer_programs(shell, &nearest, nearest_name, sizeof nearest_name);
        say_unknown("program", name, &nearest);
    }
    return status == CAPOS_DONE;
}

// Ends ---------------------------------------------------------------------------------------

static void say_end(const struct child *child, struct capos_process_end end) {
    struct line line;

    line_begin(&line);
    line_text(&line, child->name);
    line_text(&line, " (");
    format_u64(&line.format, child->id);
    line_text(&line, ") ");
    end_format(&line.format, end);
    if (capos_process_end_which(end) == CAPOS_PROCESS_END_WHICH_EXITED &&
        capos_process_end_exited(end) == CAPOS_EXIT_GRANT)
        line_text(&line, ": a grant that it needs is missing (see help run)");
    line_end(&line);
}

static void on_end(void *context) {
    struct child *child = context;
    struct capos_process_handle_wait_results results;

    if (capos_process_handle_wait_wait(&child->wait, &results) == CAPOS_DONE)
        say_end(child, capos_process_handle_wait_results_end(results));
    else
        say_failed(child->name, &child->wait);
    capos_call_release(&child->wait);
    capos_release(child->process.id);
    child->ended = true;
    if (child->background)
        child->used = false;
}

static bool watch(struct child *child) {
    capos_expect_results(capos_client(), WAIT_RESULTS);
    capos_process_handle_wait_begin(&child->wait, capos_ring(), child->process);
    if (capos_call_then(capos_client(), &child->wait, on_end, child) == CAPOS_DONE)
        return true;
    say_failed("the program's end can't be waited for", &child->wait);
    capos_call_release(&child->wait);
    capos_release(child->process.id);
    return false;
}

// Running ------------------------------------------------------------------------------------

static struct child *free_child(struct shell *shell) {
    for (size_t i = 0; i < CHILDREN_MAX; i++)
        if (!shell->children[i].used)
            return &shell->children[i];
    return NULL;
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

static bool spawn(struct shell *shell, const struct command *command,
                  struct capos_memory_object program, struct child *child) {
    struct capos_process_spawner_spawn_results results;
    struct capos_call call;
    struct capos_process_spawner_spawn_params_builder params =
        capos_process_spawner_spawn_begin(&call, capos_ring(), shell->spawner);

    capos_process_spawner_spawn_params_set_binary(params, program);
    capos_process_spawner_spawn_params_set_name(params, capos_text_of(child->name));
    set_grants(command, params);
    set_limits(params);
    bool spawned = capos_process_spawner_spawn_call(&call, &results) == CAPOS_DONE;
    if (spawned)
        child->process = capos_process_spawner_spawn_results_process(results);
    else
        say_failed("the program could not be started", &call);
    capos_call_release(&call);
    return spawned;
}

static bool start(struct shell *shell, const struct command *command, struct child *child) {
    struct word name = command->words[1];
    struct capos_memory_object program = {0};

    *child = (struct child){.background = command->background};
    if (!text_copy(child->name, sizeof child->name, name.text, name.size)) {
        say("a program's name has at most 31 bytes");
        return false;
    }
    if (!get_program(shell, name, &program))
        return false;
    bool spawned = spawn(shell, command, program, child);
    capos_release(program.id);
    if (!spawned)
        return false;
    child->id = id_of(child->process);
    return watch(child);
}

// Without a list of grants a program gets the terminal, so that it can speak; any list, an empty
// one too, takes the place of that.
static void default_grants(struct command *command) {
    static const struct word terminal = {"terminal", sizeof "terminal" - 1};

    if (command->with)
        return;
    command->grants[0] = (struct command_grant){.name = terminal, .source = terminal};
    command->grant_count = 1;
}

static void run(struct shell *shell, const struct command *command) {
    struct child *child = free_child(shell);

    if (say_lacking(shell->package.id, "bootPackage") ||
        say_lacking(shell->spawner.id, "spawner") || !check_grants(command))
        return;
    if (child == NULL) {
        say("eight programs are running already");
        return;
    }
    child->used = start(shell, command, child);
    if (!child->used)
        return;
    if (child->background) {
        struct line line;

        line_begin(&line);
        line_text(&line, child->name);
        line_text(&line, " runs in the background as ");
        format_u64(&line.format, child->id);
        line_end(&line);
        return;
    }
    while (!child->ended)
        (void)capos_client_turn(capos_client(), CAPOS_NO_DEADLINE);
    child->used = false;
}

void children_run(struct shell *shell, const struct command *command) {
    struct command granted = *command;

    default_grants(&granted);
    run(shell, &granted);
}

struct child *children_find(struct shell *shell, struct word name_or_id) {
    uint64_t id = 0;
    bool is_id = text_to_u64(name_or_id.text, name_or_id.size, &id);

    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &shell->children[i];

        if (child->used && (is_id ? child->id == id : word_is(name_or_id, child->name)))
            return child;
    }
    return NULL;
}

void children_kill(struct shell *shell, struct child *child) {
    struct capos_process_handle_kill_results results;
    struct capos_call call;

    (void)shell;
    if (capos_process_handle_kill(&call, capos_ring(), child->process, &results) != CAPOS_DONE)
        say_failed("kill", &call);
    capos_call_release(&call);
}
