// SPDX-License-Identifier: MIT
// captool: finds the command, runs it, prints what it reported.
#include "captool/captool.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

static const struct {
    const char *name;
    captool_command *run;
} commands[] = {
    {"convert", captool_convert},
};

const char *argp_program_version = "captool (capOS) " PACKAGE_VERSION;

static const char description[] =
    "Works on files that hold Cap'n Proto messages and on the texts that people write in their "
    "place.\v"
    "Commands:\n"
    "  convert    from one format to another, checked by schema\n"
    "\n"
    "captool COMMAND --help tells more. Exit status: 0 done, 1 something is wrong with the input, "
    "2 wrong use.";

struct arguments {
    int command; // index in argv, 0 if there is none
};

static error_t parse(int key, char *value, struct argp_state *state) {
    struct arguments *arguments = state->input;
    (void)value;
    switch (key) {
    case ARGP_KEY_ARG:
        arguments->command = state->next - 1;
        state->next = state->argc; // the rest is the command's
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "found no command, expected convert");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {.parser = parse, .args_doc = "COMMAND ...", .doc = description};

static enum diag_exit unknown(struct diag *diag, const char *name) {
    struct nearest nearest;
    nearest_init(&nearest, name, strlen(name));
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        nearest_offer(&nearest, commands[i].name, strlen(commands[i].name));
    diag_error(diag, (struct span){0}, "found the command %s, expected convert%s",
               diag_quote(diag, name, strlen(name)), diag_meant(diag, nearest.name));
    return DIAG_EXIT_USAGE;
}

static enum diag_exit run(struct diag *diag, int argc, char **argv) {
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, argv[0]) != 0)
            continue;
        argv[0] = pool_format(diag->pool, "captool %s", commands[i].name);
        return commands[i].run(diag, argc, argv);
    }
    return unknown(diag, argv[0]);
}

int main(int argc, char **argv) {
    struct arguments arguments = {0};
    struct pool pool;
    struct diag diag;
    argp_err_exit_status = DIAG_EXIT_USAGE;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &arguments);
    pool_init(&pool);
    diag_init(&diag, &pool);
    int status = (int)run(&diag, argc - arguments.command, argv + arguments.command);
    diag_print(&diag, stderr);
    pool_fini(&pool);
    return status;
}
