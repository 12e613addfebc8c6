// SPDX-License-Identifier: MIT
// Reading a session script; see run_script.h. One table has the commands; each reads the rest of
// its line.
#include "run_script.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCRIPT_WITHIN = 10, SCRIPT_WITHIN_MAX = 3600, SCRIPT_STATUS_MAX = 126 };

// Where we are, and what the lines so far have set.
struct reader {
    struct script *script;
    const char *at; // in the line
    unsigned line;
    unsigned terminal;
    uint64_t within;
};

static bool reader_fail(const struct reader *reader, const char *expected) {
    fprintf(stderr, "%s:%u: error: found `%s', expected %s\n", reader->script->name, reader->line,
            reader->at, expected);
    return false;
}

static struct script_command *reader_add(struct reader *reader, enum script_kind kind) {
    struct script *script = reader->script;
    struct script_command *more =
        realloc(script->commands, (script->count + 1) * sizeof *script->commands);
    if (more == NULL) {
        fputs(RUN_TOOL ": out of memory\n", stderr);
        exit(RUN_NOT_STARTED);
    }
    script->commands = more;
    struct script_command *command = &more[script->count];
    *command = (struct script_command){
        .kind = kind, .line = reader->line, .terminal = reader->terminal, .within = reader->within};
    return command;
}

// Room for what a command keeps of its line.
static char *reader_room(const struct reader *reader) {
    char *text = malloc(strlen(reader->at) + 1);
    if (text == NULL) {
        fputs(RUN_TOOL ": out of memory\n", stderr);
        exit(RUN_NOT_STARTED);
    }
    return text;
}

static bool reader_number(struct reader *reader, unsigned long most, unsigned long *value) {
    char *end;
    errno = 0;
    *value = strtoul(reader->at, &end, 10);
    if (!isdigit((unsigned char)*reader->at) || errno != 0 || *value > most)
        return reader_fail(reader, "a number");
    reader->at = end;
    return true;
}

// One character of a text in quotes, after its backslash. Returns -1 for one that doesn't exist.
static int reader_escape(struct reader *reader) {
    static const char names[] = "nrte\\\"", values[] = "\n\r\t\033\\\"";
    const char *found = *reader->at ? strchr(names, *reader->at) : NULL;
    if (found != NULL) {
        reader->at++;
        return values[found - names];
    }
    if (*reader->at != 'x' || !isxdigit((unsigned char)reader->at[1]) ||
        !isxdigit((unsigned char)reader->at[2]))
        return -1;
    char digits[3] = {reader->at[1], reader->at[2], '\0'};
    reader->at += 3;
    return (int)strtoul(digits, NULL, 16);
}

static bool reader_send(struct reader *reader) {
    if (*reader->at != '"')
        return reader_fail(reader, "a text in double quotes");
    struct script_command *command = reader_add(reader, SCRIPT_SEND);
    char *text = reader_room(reader);
    size_t size = 0;
    reader->at++;
    while (*reader->at && *reader->at != '"') {
        int byte = (unsigned char)*reader->at++;
        if (byte == '\\')
            byte = reader_escape(reader);
        if (byte < 0) {
            free(text);
            return reader_fail(reader, "n, r, t, e, x and two digits, \\ or \" after a backslash");
        }
        text[size++] = (char)byte;
    }
    command->text = text;
    command->size = size;
    reader->script->count++;
    if (*reader->at != '"')
        return reader_fail(reader, "a closing quote");
    reader->at++;
    return true;
}

static bool reader_expect(struct reader *reader) {
    char reason[100], expected[150];
    if (*reader->at != '/')
        return reader_fail(reader, "an expression between slashes");
    const char *start = reader->at;
    char *text = reader_room(reader);
    size_t size = 0;
    for (reader->at++; *reader->at && *reader->at != '/'; reader->at++) {
        // "\/" is a slash; every other backslash is the expression's.
        if (reader->at[0] == '\\' && reader->at[1] != '\0' && *++reader->at != '/')
            text[size++] = '\\';
        text[size++] = *reader->at;
    }
    text[size] = '\0';
    struct script_command *command = reader_add(reader, SCRIPT_EXPECT);
    int error = regcomp(&command->expression, text, REG_EXTENDED | REG_NEWLINE);
    if (error != 0) {
        regerror(error, &command->expression, reason, sizeof reason);
        snprintf(expected, sizeof expected, "an extended regular expression (%s)", reason);
        free(text);
        reader->at = start;
        return reader_fail(reader, expected);
    }
    // The test's name is the expression as it was written.
    snprintf(text, strlen(start) + 1, "%.*s", (int)(reader->at - start + 1), start);
    command->text = text;
    reader->script->count++;
    if (*reader->at != '/')
        return reader_fail(reader, "a closing slash");
    reader->at++;
    return true;
}

static bool reader_within(struct reader *reader) {
    unsigned long seconds;
    if (!reader_number(reader, SCRIPT_WITHIN_MAX, &seconds))
        return false;
    reader->within = seconds * 1000;
    return true;
}

static bool reader_on(struct reader *reader) {
    unsigned long number;
    if (!reader_number(reader, RUN_TERMINALS, &number))
        return false;
    if (number == 0)
        return reader_fail(reader, "a terminal from 1 to 3");
    reader->terminal = (unsigned)number - 1;
    return true;
}

static bool reader_status(struct reader *reader) {
    char *text = reader_room(reader);
    unsigned long status;
    snprintf(text, strlen(reader->at) + 1, "%s", reader->at);
    struct script_command *command = reader_add(reader, SCRIPT_STATUS);
    command->text = text;
    reader->script->count++;
    if (!reader_number(reader, SCRIPT_STATUS_MAX, &status))
        return false;
    command->status = (unsigned)status;
    return true;
}

static const struct {
    const char *name;
    bool (*read)(struct reader *reader);
} reader_commands[] = {
    {"send", reader_send}, {"expect", reader_expect}, {"within", reader_within},
    {"on", reader_on},     {"status", reader_status},
};

static void reader_blank(struct reader *reader) {
    while (*reader->at == ' ' || *reader->at == '\t')
        reader->at++;
}

static bool reader_line(struct reader *reader) {
    const struct script *script = reader->script;
    reader_blank(reader);
    if (*reader->at == '\0' || *reader->at == '#')
        return true;
    if (script->count > 0 && script->commands[script->count - 1].kind == SCRIPT_STATUS)
        return reader_fail(reader, "nothing after the status: the machine has ended");
    size_t size = strcspn(reader->at, " \t");
    for (size_t i = 0; i < sizeof reader_commands / sizeof reader_commands[0]; i++) {
        if (strlen(reader_commands[i].name) != size ||
            strncmp(reader->at, reader_commands[i].name, size) != 0)
            continue;
        reader->at += size;
        reader_blank(reader);
        if (!reader_commands[i].read(reader))
            return false;
        reader_blank(reader);
        return *reader->at == '\0' || reader_fail(reader, "the end of the line");
    }
    return reader_fail(reader, "send, expect, within, on or status");
}

bool script_read(struct script *script, const char *path) {
    struct reader reader = {.script = script, .within = SCRIPT_WITHIN * 1000};
    char *line = NULL;
    size_t room = 0;
    bool ok = true;
    memset(script, 0, sizeof *script);
    script->name = path;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, RUN_TOOL ": %s: %s\n", path, strerror(errno));
        return false;
    }
    while (ok && getline(&line, &room, file) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        reader.line++;
        reader.at = line;
        ok = reader_line(&reader);
    }
    free(line);
    fclose(file);
    if (!ok)
        script_fini(script);
    return ok;
}
