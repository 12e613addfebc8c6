// SPDX-License-Identifier: MIT
//
// shell: a person's way to the capabilities that the shell was granted. It needs `terminal`; the
// commands use `bootPackage` and `spawner` (run), `supervisor` (ps, kill), `systemInfo` (info) and
// `power` (poweroff) if they are there. All its grants can be passed on to the programs that it
// runs.
#include "shell.h"

#include "base/memory.h"
#include "capos/runtime.h"
#include "schemas/boot.capos.h"

enum {
    LINE_MAX = 1000,
    LINE_RESULTS = LINE_MAX + 64,
};

static const char prompt[] = "capos> ";

static struct {
    struct capos_call call;
    char text[LINE_MAX];
    size_t size;
    bool ready, end;
    int status;
} input;

static void take_line(void *context) {
    struct capos_terminal_read_line_results results;

    (void)context;
    input.status = capos_terminal_read_line_wait(&input.call, &results);
    if (input.status == CAPOS_DONE) {
        struct capos_text line = capos_terminal_read_line_results_line(results);

        input.size = line.size < LINE_MAX ? line.size : LINE_MAX;
        memcpy(input.text, line.data, input.size);
        input.end = capos_terminal_read_line_results_end(results);
    }
    capos_call_release(&input.call);
    input.ready = true;
}

// Waits for a line; meanwhile the ends of programs in the background are told of. False when the
// terminal is gone.
static bool read_line(struct shell *shell) {
    capos_expect_results(capos_client(), LINE_RESULTS);
    struct capos_terminal_read_line_params_builder params =
        capos_terminal_read_line_begin(&input.call, capos_ring(), shell->terminal);

    capos_terminal_read_line_params_set_prompt(params, capos_text_of(prompt));
    input.ready = false;
    if (capos_call_then(capos_client(), &input.call, take_line, NULL) != CAPOS_DONE)
        return false;
    while (!input.ready)
        (void)capos_client_turn(capos_client(), CAPOS_NO_DEADLINE);
    return input.status == CAPOS_DONE;
}

static void greet(struct shell *shell) {
    struct capos_system_info_info_results results;
    struct capos_call call;

    if (shell->info.id == 0)
        return;
    if (capos_system_info_info(&call, capos_ring(), shell->info, &results) == CAPOS_DONE) {
        struct capos_text text = capos_system_info_info_results_message_of_the_day(results);

        capos_print_bytes(text.data, text.size);
        if (text.size > 0 && text.data[text.size - 1] != '\n')
            capos_print("\n");
    }
    capos_call_release(&call);
}

int main(void) {
    static struct shell shell;

    shell.terminal.id = capos_need("terminal", CAPOS_TERMINAL_INTERFACE_ID);
    shell.package.id = capos_grant("bootPackage", CAPOS_BOOT_PACKAGE_INTERFACE_ID);
    shell.spawner.id = capos_grant("spawner", CAPOS_PROCESS_SPAWNER_INTERFACE_ID);
    shell.supervisor.id = capos_grant("supervisor", CAPOS_SUPERVISOR_INTERFACE_ID);
    shell.info.id = capos_grant("systemInfo", CAPOS_SYSTEM_INFO_INTERFACE_ID);
    shell.power.id = capos_grant("power", CAPOS_POWER_INTERFACE_ID);
    greet(&shell);
    while (!shell.done) {
        if (!read_line(&shell))
            return 1;
        if (!input.end)
            commands_do(&shell, input.text, input.size);
    }
    return shell.status;
}
