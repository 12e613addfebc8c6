// SPDX-License-Identifier: MIT
//
// The commands: one table, one function each. A line that can't be done says why in one line.
#include "shell.h"

#include "base/nearest.h"
#include "base/text.h"
#include "capos/runtime.h"

enum {
    STATUS_MAX = 100,
    LIST_RESULTS = 4096,
    NAME_COLUMN = 18,
    INTERFACE_COLUMN = 36,
    HELP_COLUMN = 30,
};

struct verb {
    const char *name, *usage, *help;
    size_t least, most; // words after the name
    bool grants;        // takes `with { ... }` and `&`
    void (*run)(struct shell *shell, const struct command *command);
};

// Numbers ------------------------------------------------------------------------------------

// Reads an exit status, 0 to 100; 0 when the word is not there.
static bool read_status(const struct command *command, int *status) {
    uint64_t value = 0;

    if (command->word_count > 1 &&
        (!text_to_u64(command->words[1].text, command->words[1].size, &value) ||
         value > STATUS_MAX)) {
        say("a status is a number from 0 to 100");
        return false;
    }
    *status = (int)value;
    return true;
}

// Nanoseconds as seconds with three places.
static void format_seconds(struct format *f, uint64_t nanoseconds) {
    format_u64(f, nanoseconds / 1000000000);
    format_char(f, '.');
    format_u64_padded(f, nanoseconds / 1000000 % 1000, 3, '0');
    format_text(f, " s");
}

// Commands -----------------------------------------------------------------------------------

static void do_caps(struct shell *shell, const struct command *command) {
    const struct capos_capset *set = capos_grants();
    struct line line;

    (void)shell;
    (void)command;
    for (uint32_t i = 0; i < set->count; i++) {
        const struct capos_grant *grant = &set->grants[i];
        const char *interface = interfaces_name(grant->interface);

        line_begin(&line);
        format_char(&line.format, '@');
        format_escaped(&line.format, grant->name, text_length(grant->name, CAPOS_NAME_MAX));
        format_pad(&line.format, NAME_COLUMN, ' ');
        if (interface != NULL)
            format_text(&line.format, interface);
        else
            format_address(&line.format, grant->interface);
        format_pad(&line.format, INTERFACE_COLUMN, ' ');
        format_text(&line.format, "0x");
        format_hex(&line.format, grant->cap);
        line_end(&line);
    }
}

static void do_exit(struct shell *shell, const struct command *command) {
    if (read_status(command, &shell->status))
        shell->done = true;
}

static void yes_or_no(struct line *line, const char *name, bool value) {
    line_text(line, " ");
    line_text(line, name);
    line_text(line, value ? " on" : " off");
}

static void show_info(struct capos_system_info_info_results info) {
    struct capos_protections protections = capos_system_info_info_results_protections(info);
    struct capos_text version = capos_system_info_info_results_version(info);
    struct capos_text build = capos_system_info_info_results_build(info);
    struct line line;

    line_begin(&line);
    line_text(&line, "capOS ");
    line_word(&line, (struct word){version.data, version.size});
    line_text(&line, ", build ");
    line_word(&line, (struct word){build.data, build.size});
    line_text(&line, capos_system_info_info_results_debug(info) ? ", debug kernel" : "");
    line_end(&line);
    line_begin(&line);
    format_u64(&line.format, capos_system_info_info_results_cpus(info));
    line_text(&line,
              capos_system_info_info_results_cpus(info) == 1 ? " processor, " : " processors, ");
    format_u64(&line.format, capos_system_info_info_results_memory_bytes(info) >> 20);
    line_text(&line, " MiB of memory, ");
    format_u64(&line.format, capos_system_info_info_results_free_bytes(info) >> 20);
    line_text(&line, " MiB free");
    line_end(&line);
    line_begin(&line);
    line_text(&line, "protections:");
    yes_or_no(&line, "NX", capos_protections_no_execute(protections));
    yes_or_no(&line, "SMEP", capos_protections_smep(protections));
    yes_or_no(&line, "SMAP", capos_protections_smap(protections));
    yes_or_no(&line, "UMIP", capos_protections_umip(protections));
    yes_or_no(&line, "KASLR", capos_protections_randomised(protections));
    line_end(&line);
}

static void do_info(struct shell *shell, const struct command *command) {
    struct capos_system_info_info_results results;
    struct capos_call call;

    (void)command;
    if (say_lacking(shell->info.id, "systemInfo"))
        return;
    if (capos_system_info_info(&call, capos_ring(), shell->info, &results) == CAPOS_DONE)
        show_info(results);
    else
        say_failed("info", &call);
    capos_call_release(&call);
}

static void do_poweroff(struct shell *shell, const struct command *command) {
    struct capos_power_off_results results;
    struct capos_call call;
    int status;

    if (say_lacking(shell->power.id, "power") || !read_status(command, &status))
        return;
    (void)capos_power_off(&call, capos_ring(), shell->power, (uint8_t)status, &results);
    say_failed("poweroff", &call); // it does not answer when it works
    capos_call_release(&call);
}

// Processes ----------------------------------------------------------------------------------

static const char *state_name(enum capos_process_state state) {
    static const char *const names[] = {"running", "ending", "ended"};

    return (unsigned)state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

struct process_row {
    uint64_t id, cpu;
    struct word name;
    enum capos_process_state state;
    uint32_t frames;
    const char *kind;
};

static void show_process(const struct process_row *row) {
    struct line line;

    line_begin(&line);
    format_u64_padded(&line.format, row->id, 5, ' ');
    line_text(&line, "  ");
    line_word(&line, row->name);
    format_pad(&line.format, 24, ' ');
    line_text(&line, row->kind);
    format_pad(&line.format, 33, ' ');
    line_text(&line, state_name(row->state));
    format_pad(&line.format, 42, ' ');
    format_u64_padded(&line.format, row->frames * 4, 7, ' ');
    line_text(&line, " KiB  ");
    format_seconds(&line.format, row->cpu);
    line_end(&line);
}

static void show_services(struct capos_service_info_list services) {
    for (uint32_t i = 0; i < capos_service_info_list_size(services); i++) {
        struct capos_service_info info = capos_service_info_list_at(services, i);
        struct capos_text name = capos_service_info_name(info);

        show_process(&(struct process_row){.id = capos_service_info_id(info),
                                           .name = {name.data, name.size},
                                           .state = capos_service_info_state(info),
                                           .frames = capos_service_info_frames(info),
                                           .cpu = capos_service_info_cpu_nanoseconds(info),
                                           .kind = "service"});
    }
}

static void show_child(const struct child *child) {
    struct capos_process_handle_info_results info;
    struct capos_call call;

    if (capos_process_handle_info(&call, capos_ring(), child->process, &info) == CAPOS_DONE) {
        struct capos_text name = capos_process_handle_info_results_name(info);

        show_process(
            &(struct process_row){.id = child->id,
                                  .name = {name.data, name.size},
                                  .state = capos_process_handle_info_results_state(info),
                                  .frames = capos_process_handle_info_results_frames(info),
                                  .cpu = capos_process_handle_info_results_cpu_nanoseconds(info),
                                  .kind = "child"});
    } else {
        say_failed(child->name, &call);
    }
    capos_call_release(&call);
}

// Asks for the services. The results are readable until the call is released, by the caller.
static bool list_services(struct shell *shell, struct capos_call *call,
                          struct capos_service_info_list *services) {
    struct capos_supervisor_list_results results;

    capos_expect_results(capos_client(), LIST_RESULTS);
    if (capos_supervisor_list(call, capos_ring(), shell->supervisor, &results) != CAPOS_DONE) {
        say_failed("the supervisor", call);
        return false;
    }
    *services = capos_supervisor_list_results_services(results);
    return true;
}

static void do_ps(struct shell *shell, const struct command *command) {
    struct capos_service_info_list services;
    struct capos_call call;

    (void)command;
    say("  PID  NAME              KIND     STATE         MEMORY  CPU");
    if (shell->supervisor.id != 0) {
        if (list_services(shell, &call, &services))
            show_services(services);
        capos_call_release(&call);
    }
    for (size_t i = 0; i < CHILDREN_MAX; i++)
        if (shell->children[i].used)
            show_child(&shell->children[i]);
}

// The name of the service that is meant by name or id, to room for a name. Says so if there is
// none.
static bool find_service(struct shell *shell, struct word wanted, char *name, size_t room) {
    struct capos_service_info_list services;
    struct nearest nearest;
    struct capos_call call;
    uint64_t id = 0;
    bool is_id = text_to_u64(wanted.text, wanted.size, &id), found = false;

    nearest_init(&nearest, wanted.text, wanted.size);
    bool listed = list_services(shell, &call, &services);
    uint32_t count = listed ? capos_service_info_list_size(services) : 0;
    for (uint32_t i = 0; i < count && !found; i++) {
        struct capos_service_info info = capos_service_info_list_at(services, i);
        struct capos_text candidate = capos_service_info_name(info);

        nearest_offer(&nearest, candidate.data, candidate.size);
        if (is_id ? capos_service_info_id(info) == id : word_is(wanted, candidate.data))
            found = text_copy(name, room, candidate.data, candidate.size);
    }
    if (listed && !found) {
        struct line line;

        line_begin(&line);
        line_text(&line, "no process is called or numbered ");
        line_word(&line, wanted);
        if (nearest.name != NULL) {
            line_text(&line, "; did you mean ");
            line_word(&line, (struct word){nearest.name, nearest.name_size});
            line_text(&line, "?");
        }
        line_end(&line);
    }
    capos_call_release(&call);
    return found;
}

static void do_kill(struct shell *shell, const struct command *command) {
    struct child *child = children_find(shell, command->words[1]);
    struct capos_supervisor_kill_results results;
    char name[CAPOS_NAME_MAX + 1];
    struct capos_call call;

    if (child != NULL) {
        children_kill(shell, child);
        return;
    }
    if (say_lacking(shell->supervisor.id, "supervisor") ||
        !find_service(shell, command->words[1], name, sizeof name))
        return;
    if (capos_supervisor_kill(&call, capos_ring(), shell->supervisor, capos_text_of(name),
                              &results) == CAPOS_DONE)
        say("killed");
    else
        say_failed("kill", &call);
    capos_call_release(&call);
}

// The table ----------------------------------------------------------------------------------

static void do_help(struct shell *shell, const struct command *command);

static const struct verb verbs[] = {
    {"help", "help [COMMAND]", "what there is to type", 0, 1, false, do_help},
    {"caps", "caps", "the capabilities that this shell holds", 0, 0, false, do_caps},
    {"run", "run PROGRAM [with {...}] [&]",
     "a program, with exactly the capabilities that are named", 1, 1, true, children_run},
    {"ps", "ps", "services and what this shell has started", 0, 0, false, do_ps},
    {"kill", "kill NAME|PID", "ends a process", 1, 1, false, do_kill},
    {"info", "info", "the kernel and the machine", 0, 0, false, do_info},
    {"exit", "exit [STATUS]", "ends this shell", 0, 1, false, do_exit},
    {"poweroff", "poweroff [STATUS]", "switches the machine off", 0, 1, false, do_poweroff},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

static const struct verb *find_verb(struct word name) {
    struct nearest nearest;
    struct line line;

    nearest_init(&nearest, name.text, name.size);
    for (size_t i = 0; i < VERBS; i++) {
        if (word_is(name, verbs[i].name))
            return &verbs[i];
        nearest_offer(&nearest, verbs[i].name, text_length(verbs[i].name, CAPOS_NAME_MAX));
    }
    line_begin(&line);
    line_text(&line, "no command is called ");
    line_word(&line, name);
    line_text(&line, nearest.name != NULL ? "; did you mean " : "; see help");
    if (nearest.name != NULL) {
        line_text(&line, nearest.name);
        line_text(&line, "?");
    }
    line_end(&line);
    return NULL;
}

static void show_help(const struct verb *verb) {
    struct line line;

    line_begin(&line);
    line_text(&line, verb->usage);
    format_pad(&line.format, HELP_COLUMN, ' ');
    line_text(&line, verb->help);
    line_end(&line);
}

static void do_help(struct shell *shell, const struct command *command) {
    const struct verb *verb;

    (void)shell;
    if (command->word_count == 1) {
        for (size_t i = 0; i < VERBS; i++)
            show_help(&verbs[i]);
        return;
    }
    verb = find_verb(command->words[1]);
    if (verb == NULL)
        return;
    show_help(verb);
    if (verb->grants)
        say("A program starts with nothing but what you name: NAME: @CAPABILITY, ... for example\n"
            "    run hello with { terminal: @terminal }\n"
            "    run echo-client with { echo: @echo, terminal: @terminal }\n"
            "Without `with` that is the terminal and nothing else; with { } is nothing at all.\n"
            "@own grants the program power over its own address space. With & the shell does not\n"
            "wait for the program's end.");
}

static void say_error(const struct command_error *error) {
    struct line line;

    line_begin(&line);
    line_text(&line, "column ");
    format_u64(&line.format, error->column + 1);
    line_text(&line, ": found ");
    if (error->found != NULL)
        line_text(&line, error->found);
    else
        line_word(&line, error->at);
    line_text(&line, ", expected ");
    line_text(&line, error->expected);
    line_end(&line);
}

static bool fits(const struct verb *verb, const struct command *command) {
    struct line line;
    size_t words = command->word_count - 1;

    if (words >= verb->least && words <= verb->most &&
        (verb->grants || (!command->with && !command->background)))
        return true;
    line_begin(&line);
    line_text(&line, "usage: ");
    line_text(&line, verb->usage);
    line_end(&line);
    return false;
}

void commands_do(struct shell *shell, const char *text, size_t size) {
    struct command_error error;
    struct command command;

    if (!command_parse(text, size, &command, &error)) {
        say_error(&error);
        return;
    }
    if (command.word_count == 0)
        return;
    const struct verb *verb = find_verb(command.words[0]);
    if (verb != NULL && fits(verb, &command))
        verb->run(shell, &command);
}
