// SPDX-License-Identifier: MIT
// Carrying out a session script; see run_script.h. Reading one is in run_script_read.c.
#include "run_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void script_begin(struct script *script) {
    for (size_t i = 0; i < script->count; i++)
        script->tests += script->commands[i].kind != SCRIPT_SEND;
    printf("1..%u\n", script->tests);
    fflush(stdout);
}

void script_fini(struct script *script) {
    for (size_t i = 0; i < script->count; i++) {
        if (script->commands[i].kind == SCRIPT_EXPECT)
            regfree(&script->commands[i].expression);
        free(script->commands[i].text);
    }
    free(script->commands);
    for (unsigned i = 0; i < RUN_TERMINALS; i++)
        free(script->terminals[i].said);
}

static void script_show_line(const struct script_terminal *terminal, unsigned number, size_t end) {
    printf("# %u| ", number + 1);
    for (size_t i = terminal->shown; i < end; i++) {
        unsigned char byte = (unsigned char)terminal->said[i];
        if (byte >= 0x20 && byte != 0x7f)
            putchar(byte);
        else
            printf("\\x%02x", byte);
    }
    putchar('\n');
}

// Prints what has not been printed: whole lines, or at the end also the last one.
static void script_show(struct script *script, unsigned number, bool all) {
    struct script_terminal *terminal = &script->terminals[number];
    while (terminal->shown < terminal->size) {
        const char *start = terminal->said + terminal->shown;
        const char *end = memchr(start, '\n', terminal->size - terminal->shown);
        if (end == NULL && !all)
            return;
        size_t stop = end ? (size_t)(end - terminal->said) : terminal->size;
        script_show_line(terminal, number, stop);
        terminal->shown = end ? stop + 1 : stop;
    }
    fflush(stdout);
}

void script_output(struct script *script, unsigned number, const char *text, size_t size) {
    struct script_terminal *terminal = &script->terminals[number];
    if (terminal->room - terminal->size < size + 1) {
        size_t room = (terminal->size + size + 1) * 2;
        char *more = realloc(terminal->said, room);
        if (more == NULL) {
            fputs(RUN_TOOL ": out of memory\n", stderr);
            exit(RUN_NOT_STARTED);
        }
        terminal->said = more;
        terminal->room = room;
    }
    for (size_t i = 0; i < size; i++)
        if (text[i] != '\r')
            terminal->said[terminal->size++] = text[i] ? text[i] : '?';
    terminal->said[terminal->size] = '\0';
    script_show(script, number, false);
}

static void script_result(struct script *script, const struct script_command *command, bool ok,
                          const char *why) {
    const char *kind = command->kind == SCRIPT_EXPECT ? "expect" : "status";
    script->failed += !ok;
    printf("%s %u - %s:%u: %s %s\n", ok ? "ok" : "not ok", ++script->done, script->name,
           command->line, kind, command->text);
    if (!ok)
        printf("# %s\n", why);
    fflush(stdout);
}

static bool script_matches(struct script *script, const struct script_command *command) {
    struct script_terminal *terminal = &script->terminals[command->terminal];
    regmatch_t match;
    if (terminal->said == NULL)
        return false;
    // A position that does not begin a line must not match ^.
    bool inside = terminal->matched > 0 && terminal->said[terminal->matched - 1] != '\n';
    if (regexec(&command->expression, terminal->said + terminal->matched, 1, &match,
                inside ? REG_NOTBOL : 0) != 0)
        return false;
    terminal->matched += (size_t)match.rm_eo;
    return true;
}

enum script_state script_step(struct script *script, uint64_t now,
                              const struct script_command **send) {
    while (script->at < script->count) {
        const struct script_command *command = &script->commands[script->at];
        if (command->kind == SCRIPT_SEND) {
            script->at++;
            *send = command;
            return SCRIPT_SENDS;
        }
        if (script->deadline == 0)
            script->deadline = now + command->within;
        bool matches = command->kind == SCRIPT_EXPECT && script_matches(script, command);
        if (!matches && now < script->deadline)
            return SCRIPT_WAITS;
        if (!matches)
            return SCRIPT_END;
        script_result(script, command, true, NULL);
        script->at++;
        script->deadline = 0;
    }
    return SCRIPT_END;
}

int script_end(struct script *script, int status, const char *why) {
    for (unsigned i = 0; i < RUN_TERMINALS; i++)
        script_show(script, i, true);
    // What came with the end itself may still be what is expected.
    for (; script->at < script->count; script->at++) {
        const struct script_command *command = &script->commands[script->at];
        if (command->kind == SCRIPT_EXPECT)
            script_result(script, command, script_matches(script, command), why);
        else if (command->kind == SCRIPT_STATUS)
            script_result(script, command, status >= 0 && (unsigned)status == command->status, why);
    }
    fflush(stdout);
    return script->failed == 0 ? 0 : RUN_SCRIPT_FAILED;
}
