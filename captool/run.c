// SPDX-License-Identifier: MIT
// capos-run: boots an image in QEMU as our default machine, on this terminal or by a session
// script. This file knows the command line.
#include "run.h"

#include "run_direct.h"
#include "run_guest.h"
#include "run_loop.h"
#include "run_script.h"
#include "run_symbols.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_SMP = 256,
    OPTION_MEMORY,
    OPTION_UEFI,
    OPTION_DIRECT,
    OPTION_TIMEOUT,
    OPTION_LOG,
    OPTION_HEADLESS,
    OPTION_EXPECT,
    OPTION_ACCEL,
    OPTION_CPU,
    OPTION_APPEND,
    OPTION_SYMBOLS,
    OPTION_QEMU,
};

enum { DEFAULT_MEMORY = 128, UEFI_MEMORY = 64, CPUS_MAX = 64, SCRIPT_TIMEOUT = 120 };

const char *argp_program_version = RUN_TOOL " (capOS) " PACKAGE_VERSION;

static const struct argp_option run_option_table[] = {
    {"smp", OPTION_SMP, "N", 0, "CPUs, default 1", 0},
    {"memory", OPTION_MEMORY, "MIB", 0, "memory in MiB, default 128", 0},
    {"uefi", OPTION_UEFI, NULL, 0, "boot by UEFI instead of BIOS", 0},
    {"direct", OPTION_DIRECT, NULL, 0, "let QEMU load kernel and archive itself; faster", 0},
    {"append", OPTION_APPEND, "TEXT", 0, "the kernel's command line, with --direct", 0},
    {"timeout", OPTION_TIMEOUT, "S", 0, "end after S seconds with status 124", 0},
    {"log", OPTION_LOG, "FILE", 0, "write the system's log (COM4) to FILE", 0},
    {"headless", OPTION_HEADLESS, NULL, 0, "don't read from this terminal", 0},
    {"expect", OPTION_EXPECT, "SCRIPT", 0, "run a session script; results as TAP", 0},
    {"accel", OPTION_ACCEL, "tcg|kvm", 0, "how QEMU runs the machine, default tcg", 0},
    {"cpu", OPTION_CPU, "MODEL", 0, "QEMU's CPU model, default max", 0},
    {"symbols", OPTION_SYMBOLS, "KERNEL", 0, "the kernel that has the names for a backtrace", 0},
    {"qemu", OPTION_QEMU, "ARGUMENT", 0, "one more argument for QEMU; may be repeated", 0},
    {0},
};

static unsigned long run_number(struct argp_state *state, const char *text, unsigned long least,
                                unsigned long most) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' || value < least || value > most)
        argp_error(state, "found `%s', expected a number from %lu to %lu", text, least, most);
    return value;
}

static void run_check(struct run_options *options, struct argp_state *state) {
    if (options->image == NULL)
        argp_error(state, "which image?");
    if (options->uefi && options->direct)
        argp_error(state, "--uefi and --direct exclude each other");
    if (options->archive != NULL && !options->direct)
        argp_error(state, "an archive beside the image needs --direct");
    if (options->command_line != NULL && !options->direct)
        argp_error(state, "--append needs --direct");
    if (options->uefi && options->memory < UEFI_MEMORY)
        argp_error(state, "UEFI needs at least %d MiB of memory", UEFI_MEMORY);
    if (strcmp(options->accelerator, "tcg") != 0 && strcmp(options->accelerator, "kvm") != 0)
        argp_error(state, "found --accel %s, expected tcg or kvm", options->accelerator);
    if (options->script != NULL && options->timeout == 0)
        options->timeout = SCRIPT_TIMEOUT;
}

static void run_argument(struct run_options *options, struct argp_state *state, const char *text) {
    if (options->image == NULL)
        options->image = text;
    else if (options->archive == NULL)
        options->archive = text;
    else
        argp_error(state, "unexpected argument: %s", text);
}

static void run_extra(struct run_options *options, struct argp_state *state, const char *text) {
    if (options->extra_count == RUN_EXTRA)
        argp_error(state, "more than %d arguments for QEMU", RUN_EXTRA);
    options->extra[options->extra_count++] = text;
}

// Where each option that is kept as text or as a flag goes.
static const char **run_text(struct run_options *options, int key) {
    switch (key) {
    case OPTION_APPEND:
        return &options->command_line;
    case OPTION_LOG:
        return &options->log;
    case OPTION_EXPECT:
        return &options->script;
    case OPTION_ACCEL:
        return &options->accelerator;
    case OPTION_CPU:
        return &options->cpu;
    case OPTION_SYMBOLS:
        return &options->symbols;
    default:
        return NULL;
    }
}

static bool *run_flag(struct run_options *options, int key) {
    switch (key) {
    case OPTION_UEFI:
        return &options->uefi;
    case OPTION_DIRECT:
        return &options->direct;
    case OPTION_HEADLESS:
        return &options->headless;
    default:
        return NULL;
    }
}

static error_t run_parse(int key, char *value, struct argp_state *state) {
    struct run_options *options = state->input;
    if (run_text(options, key) != NULL)
        *run_text(options, key) = value;
    else if (run_flag(options, key) != NULL)
        *run_flag(options, key) = true;
    else if (key == OPTION_SMP)
        options->cpus = run_number(state, value, 1, CPUS_MAX);
    else if (key == OPTION_MEMORY)
        options->memory = run_number(state, value, 1, 1024 * 1024);
    else if (key == OPTION_TIMEOUT)
        options->timeout = run_number(state, value, 1, 1000000);
    else if (key == OPTION_QEMU)
        run_extra(options, state, value);
    else if (key == ARGP_KEY_ARG)
        run_argument(options, state, value);
    else if (key == ARGP_KEY_END)
        run_check(options, state);
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static const struct argp run_argp = {
    .options = run_option_table,
    .parser = run_parse,
    .args_doc = "ISO\n--direct KERNEL [ARCHIVE]",
    .doc = "Boots capOS in QEMU, on this terminal or by a session script. Ctrl-] ends the machine.",
};

static int run_machine(struct run_options *options, struct script *script) {
    struct symbols symbols;
    struct direct direct = {0};
    struct guest guest;
    int status = RUN_NOT_STARTED;
    symbols_init(&symbols, options);
    if (direct_check(options) && direct_prepare(&direct, options) && guest_start(&guest, options))
        status = loop_run(&guest, options, script, &symbols);
    symbols_fini(&symbols);
    direct_fini(&direct);
    return status;
}

int main(int argc, char **argv) {
    struct run_options options = {
        .accelerator = "tcg", .cpu = "max", .cpus = 1, .memory = DEFAULT_MEMORY};
    struct script script;
    argp_err_exit_status = RUN_USAGE;
    argp_parse(&run_argp, argc, argv, 0, NULL, &options);
    if (options.script == NULL)
        return run_machine(&options, NULL);
    if (!script_read(&script, options.script))
        return RUN_USAGE;
    int status = run_machine(&options, &script);
    script_fini(&script);
    return status;
}
