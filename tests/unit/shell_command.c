// SPDX-License-Identifier: MIT
//
// servers/shell/command.h and lib/base/nearest.h.
#include "base/nearest.h"
#include "servers/shell/command.h"

#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct command command;
static struct command_error error;

// Parses from the heap without a NUL, so that looking beyond the line is seen.
static bool parse(const char *line) {
    static char *copy;
    size_t size = strlen(line);

    free(copy);
    copy = malloc(size == 0 ? 1 : size);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, line, size);
    return command_parse(copy, size, &command, &error);
}

// The command written in one way only.
static const char *canonical(void) {
    static char text[500];
    int used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < command.word_count; i++)
        used += sprintf(text + used, "[%.*s]", (int)command.words[i].size, command.words[i].text);
    if (command.with)
        used += sprintf(text + used, " with");
    for (size_t i = 0; i < command.grant_count; i++)
        used += sprintf(text + used, " %.*s=%.*s", (int)command.grants[i].name.size,
                        command.grants[i].name.text, (int)command.grants[i].source.size,
                        command.grants[i].source.text);
    if (command.background)
        sprintf(text + used, " &");
    return text;
}

START_TEST(accepted) {
    static const char *const cases[][2] = {
        {"", ""},
        {"   \t", ""},
        {"# all of it a comment", ""},
        {"help", "[help]"},
        {"  kill   17  # gone", "[kill][17]"},
        {"run hello with { terminal: @terminal }", "[run][hello] with terminal=terminal"},
        {"run hello with{terminal:@terminal}", "[run][hello] with terminal=terminal"},
        {"run a with {b:@c,d:@e,}", "[run][a] with b=c d=e"},
        {"run a with { }", "[run][a] with"},
        {"run a with { b: @c } &", "[run][a] with b=c &"},
        {"run a &", "[run][a] &"},
        {"run \"a b\" with { \"c d\": @\"e f\" }", "[run][a b] with c d=e f"},
        {"run \"with\"", "[run][with]"},
        {"with", "[with]"},
        {"say \"\"", "[say][]"},
        {"poweroff 7", "[poweroff][7]"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_msg(parse(cases[i][0]), "%s", cases[i][0]);
        ck_assert_str_eq(canonical(), cases[i][1]);
    }
}
END_TEST

START_TEST(refused) {
    static const struct {
        const char *line;
        size_t column;
        const char *found, *expected;
    } cases[] = {
        {"{", 0, "{", "a command (see help)"},
        {"&", 0, "&", "a command (see help)"},
        {"run a }", 6, "}", "the end of the line"},
        {"run a & b", 8, "b", "the end of the line"},
        {"run a with", 10, "the end of the line",
         "{ and the grants, as in with { terminal: @terminal }"},
        {"run a with b", 11, "b", "{ and the grants, as in with { terminal: @terminal }"},
        {"run a with {", 12, "the end of the line", "a grant's name, or }"},
        {"run a with { b", 14, "the end of the line", "a colon, then @ and what to grant"},
        {"run a with { b: c }", 16, "c", "@ and the name of a capability (see caps)"},
        {"run a with { b: @ }", 18, "}", "the name of a capability (see caps)"},
        {"run a with { b: @c d", 19, "d", "a comma or }"},
        {"run a with { b: @c, , }", 20, ",", "a grant's name"},
        {"run a with { b: @c, b: @d }", 20, "b", "a name that was not given before"},
        {"say \"never closed", 4, "text without a closing quote", "a quote at its end"},
        {"1 2 3 4 5 6 7 8 9", 16, "9", "fewer words"},
        {"run a with {b:@b} c", 18, "c", "the end of the line"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_msg(!parse(cases[i].line), "%s", cases[i].line);
        ck_assert_uint_eq(error.column, cases[i].column);
        ck_assert_str_eq(error.expected, cases[i].expected);
        if (error.found != NULL)
            ck_assert_str_eq(error.found, cases[i].found);
        else
            ck_assert(word_is(error.at, cases[i].found));
    }
}
END_TEST

START_TEST(grants_have_a_limit) {
    char line[400] = "run a with { ";

    for (int i = 0; i < COMMAND_GRANTS_MAX; i++)
        sprintf(line + strlen(line), "n%d: @x, ", i);
    size_t size = strlen(line);
    strcpy(line + size, "}");
    ck_assert(parse(line));
    ck_assert_uint_eq(command.grant_count, COMMAND_GRANTS_MAX);
    strcpy(line + size, "more: @x }");
    ck_assert(!parse(line));
    ck_assert_str_eq(error.expected, "at most 15 grants");
}
END_TEST

START_TEST(random_lines) {
    static const char alphabet[] = "ab {}:,@&#\"with \t";
    struct harness_random random = harness_random_start();
    char line[40];

    for (int i = 0; i < 10000; i++) {
        size_t size = harness_random_below(&random, sizeof line - 1);
        for (size_t j = 0; j < size; j++)
            line[j] = alphabet[harness_random_below(&random, sizeof alphabet - 1)];
        line[size] = '\0';
        if (!parse(line)) {
            ck_assert_uint_le(error.column, size);
            ck_assert_ptr_nonnull(error.expected);
        }
    }
}
END_TEST

static const char *nearest_of(const char *wanted) {
    static const char *const names[] = {"help", "caps", "run",  "ps",
                                        "kill", "info", "exit", "poweroff"};
    struct nearest nearest;

    nearest_init(&nearest, wanted, strlen(wanted));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        nearest_offer(&nearest, names[i], strlen(names[i]));
    return nearest.name == NULL ? "" : nearest.name;
}

START_TEST(nearest_names) {
    ck_assert_str_eq(nearest_of("hlep"), "help");
    ck_assert_str_eq(nearest_of("hel"), "help");
    ck_assert_str_eq(nearest_of("powerof"), "poweroff");
    ck_assert_str_eq(nearest_of("power-off"), "poweroff");
    ck_assert_str_eq(nearest_of("rn"), "run");
    ck_assert_str_eq(nearest_of("cats"), "caps");
    ck_assert_str_eq(nearest_of("zebra"), "");
    ck_assert_str_eq(nearest_of("x"), "");
    ck_assert_str_eq(nearest_of("a name so long that nothing is near to it at all"), "");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("shell/command");

    harness_add(suite, "accepted", accepted);
    harness_add(suite, "refused", refused);
    harness_add(suite, "limit", grants_have_a_limit);
    harness_add(suite, "random", random_lines);
    harness_add(suite, "nearest", nearest_names);
    return harness_run(suite);
}
