// SPDX-License-Identifier: MIT
//
// captool/common/manifest.h: a good manifest with one thing changed, and exactly what is said then.
#include "captool/common/document.h"
#include "captool/common/manifest.h"
#include "captool/common/read_text.h"

#include "tests/harness.h"

#include <stdlib.h>
#include <string.h>

static const char good[] = "schemaVersion: 1\n"          // 1
                           "messageOfTheDay: hello\n"    // 2
                           "binaries:\n"                 // 3
                           "  - name: init\n"            // 4
                           "  - name: echo\n"            // 5
                           "  - name: shell\n"           // 6
                           "    file: sh\n"              // 7
                           "services:\n"                 // 8
                           "  - name: echo\n"            // 9
                           "    exports:\n"              // 10
                           "      - name: say\n"         // 11
                           "        interface: Echo\n"   // 12
                           "    grants:\n"               // 13
                           "      - name: clock\n"       // 14
                           "        kernel: timer\n"     // 15
                           "  - name: sh\n"              // 16
                           "    binary: shell\n"         // 17
                           "    grants:\n"               // 18
                           "      - name: friend\n"      // 19
                           "        service:\n"          // 20
                           "          name: echo\n"      // 21
                           "          export: say\n"     // 22
                           "    limits:\n"               // 23
                           "      slots: 5\n"            // 24
                           "    whenItEnds: powerOff\n"; // 25

struct change {
    const char *from; // the first place where this stands
    const char *to;
    const char *reported; // without the source lines
};

static const struct change changes[] = {
    {"hello", "bye", ""},
    // The schema.
    {"messageOfTheDay", "mesageOfTheDay",
     "f:2:1: error: found `mesageOfTheDay`, expected a member of SystemManifest (schemaVersion, "
     "messageOfTheDay, binaries, services, profiles); did you mean `messageOfTheDay`?\n"},
    {"    whenItEnds", "    colour",
     "f:25:5: error: found `colour`, expected a member of Service (name, binary, exports, grants, "
     "limits, whenItEnds, profile)\n"},
    {"hello", "[hello]", "f:2:18: error: found a list, expected text\n"},
    {"slots: 5", "slots: many", "f:24:14: error: found `many`, expected a whole number (UInt32)\n"},
    {"slots: 5", "slots: '5'",
     "f:24:14: error: found the text `5`, expected a whole number (UInt32)\n"},
    {"slots: 5", "slots: -1",
     "f:24:14: error: found `-1`, expected a number from 0 to 4294967295 (UInt32)\n"},
    {"slots: 5", "slots: 4294967296",
     "f:24:14: error: found `4294967296`, expected a number from 0 to 4294967295 (UInt32)\n"},
    {"slots: 5", "slots: 99999999999999999999999",
     "f:24:14: error: found `99999999999999999999999`, expected a number from 0 to 4294967295 "
     "(UInt32)\n"},
    {"slots: 5", "slot: 5",
     "f:24:7: error: found `slot`, expected a member of Limits (slots, frames, reservedPages, "
     "threads, endpoints, facets, callsHeld, kernelMemory); did you mean `slots`?\n"},
    {"powerOff", "poweroff",
     "f:25:17: error: found `poweroff`, expected one of nothing, powerOff (EndAction); did you "
     "mean `powerOff`?\n"},
    {"powerOff", "explode",
     "f:25:17: error: found `explode`, expected one of nothing, powerOff (EndAction)\n"},
    {"kernel: timer", "kernal: timer",
     "f:15:9: error: found `kernal`, expected a member of Grant (name, kernel, service, profile); "
     "did you "
     "mean `kernel`?\n"},
    {"        kernel: timer\n", "",
     "f:14:9: error: found no member of the union in Grant, expected exactly one of kernel, "
     "service\n"},
    {"        kernel: timer\n", "        kernel: timer\n        service: {name: echo}\n",
     "f:16:9: error: found `service` beside `kernel`, expected exactly one of the union's members "
     "(kernel, service)\nf:15:9: note: `kernel` is set here\n"
     "f:16:25: error: found services that wait for each other: `echo` -> `echo`, expected an order "
     "to start them in\n"},
    {"interface: Echo", "interface: Ecko",
     "f:12:20: error: found `Ecko`, expected the name or the id of an interface; did you mean "
     "`Echo`?\n"},
    {"interface: Echo", "interface: 0xe2aaea61f49cce5f", ""},
    {"interface: Echo", "interface: 'demo/echo.capnp:Echo'", ""},
    {"- name: shell", "- name: abcdefghijklmnopqrstuvwxyz012345",
     "f:6:11: error: found 32 bytes of text, expected at most 31\n"
     "f:17:13: error: found `shell`, expected the name of one of the binaries\n"},
    // Names that stand twice.
    {"- name: shell\n", "- name: shell\n  - name: shell\n",
     "f:7:11: error: found `shell` a second time, expected each name once\n"
     "f:6:11: note: it is here first\n"},
    {"  - name: sh\n", "  - name: echo\n",
     "f:16:11: error: found `echo` a second time, expected each name once\n"
     "f:9:11: note: it is here first\n"},
    {"      - name: friend\n", "      - name: x\n        kernel: timer\n      - name: x\n",
     "f:21:15: error: found `x` a second time, expected each name once\n"
     "f:19:15: note: it is here first\n"},
    {"messageOfTheDay: hello", "schemaVersion: 1",
     "f:2:1: error: found `schemaVersion` a second time, expected each name once\n"
     "f:1:1: note: it is here first\n"},
    // The version.
    {"schemaVersion: 1", "schemaVersion: 2",
     "f:1:16: error: found `2`, expected 1, the only schemaVersion that is known\n"},
    {"schemaVersion: 1\n", "", "f:1:1: error: found no schemaVersion, expected 1\n"},
    // Binaries.
    {"- name: init", "- name: inti",
     "f:3:1: error: found no binary called `init`, expected the program that starts the others; "
     "did you mean `inti`?\n"},
    {"binaries:\n  - name: init\n  - name: echo\n  - name: shell\n    file: sh\n", "",
     "f:1:1: error: found no binary called `init`, expected the program that starts the others\n"
     "f:4:11: error: found `echo`, expected the name of one of the binaries\n"
     "f:12:13: error: found `shell`, expected the name of one of the binaries\n"},
    {"binary: shell", "binary: shel",
     "f:17:13: error: found `shel`, expected the name of one of the binaries; did you mean "
     "`shell`?\n"},
    {"    binary: shell\n", "",
     "f:16:11: error: found `sh`, expected the name of one of the binaries\n"},
    // Names that are empty or taken.
    {"  - name: init\n", "  - name: init\n  - file: x\n",
     "f:5:5: error: found no name, expected one for the binary\n"},
    {"  - name: sh\n    binary", "  - binary",
     "f:16:5: error: found no name, expected one for the service\n"},
    {"- name: say\n        interface", "- interface",
     "f:11:9: error: found no name, expected one for the export\n"
     "f:21:19: error: found `say`, expected the name of an export of `echo`\n"
     "f:9:11: note: `echo` is described here\n"},
    {"- name: clock", "- name: ''", "f:14:15: error: found no name, expected one for the grant\n"},
    {"- name: clock", "- name: receiver",
     "f:14:15: error: found `receiver`, expected another name: init gives it to the Receiver of a "
     "service with exports\n"},
    {"        interface: Echo\n", "",
     "f:11:9: error: found no interface, expected the name or the id of one\n"},
    // Grants of services.
    {"          name: echo\n", "          name: eco\n",
     "f:21:17: error: found `eco`, expected the name of a service; did you mean `echo`?\n"},
    {"          name: echo\n", "          name: ''\n",
     "f:21:11: error: found no name, expected the name of a service\n"},
    {"export: say", "export: sa",
     "f:22:19: error: found `sa`, expected the name of an export of `echo`; did you mean `say`?\n"
     "f:9:11: note: `echo` is described here\n"},
    {"          export: say\n", "", ""},
    {"          export: say\n    limits",
     "    exports:\n      - {name: a, interface: Echo}\n      - {name: b, interface: Echo}\n"
     "  - name: third\n    binary: echo\n    grants:\n      - name: g\n        service: {name: "
     "sh}\n"
     "    limits",
     "f:29:25: error: found `sh` without an export, expected the name of one of its 2 exports\n"},
    {"    exports:\n      - name: say\n        interface: Echo\n", "",
     "f:18:17: error: found `echo`, expected a service that exports something\n"
     "f:9:11: note: `echo` exports nothing\n"},
    // Cycles.
    {"        kernel: timer\n  - name: sh\n",
     "        service: {name: sh}\n  - name: sh\n"
     "    exports: [{name: s, interface: Echo}]\n",
     "f:15:25: error: found services that wait for each other: `echo` -> `sh` -> `echo`, expected "
     "an order to start them in\nf:22:17: note: `sh` waits for `echo` here\n"},
    {"          name: echo\n          export: say\n",
     "          name: third\n    exports: [{name: s, interface: Echo}]\n"
     "  - name: third\n    binary: echo\n    exports: [{name: t, interface: Echo}]\n"
     "    grants:\n      - {name: g, service: {name: fourth}}\n"
     "  - name: fourth\n    binary: echo\n    exports: [{name: f, interface: Echo}]\n"
     "    grants:\n      - {name: g, service: {name: sh}}\n",
     "f:21:17: error: found services that wait for each other: `sh` -> `third` -> `fourth` -> "
     "`sh`, "
     "expected an order to start them in\n"
     "f:27:35: note: `third` waits for `fourth` here\n"
     "f:32:35: note: `fourth` waits for `sh` here\n"},
    // Two at once, in the order of their places.
    {"schemaVersion: 1\nmessageOfTheDay: hello", "schemaVersion: 0\nmessageOfTheDay: {}",
     "f:1:16: error: found `0`, expected 1, the only schemaVersion that is known\n"
     "f:2:18: error: found a mapping, expected text\n"},
};

static struct pool pool;
static struct diag diag;

static void set_up(void) {
    pool_init(&pool);
    diag_init(&diag, &pool);
}

static void tear_down(void) {
    pool_fini(&pool);
}

// What was reported, without the source lines.
static const char *reported(void) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const char *kept = "";

    diag_print(&diag, out);
    fclose(out);
    for (char *line = text; *line;) {
        char *end = strchr(line, '\n') + 1;
        if (*line != ' ')
            kept = pool_format(&pool, "%s%.*s", kept, (int)(end - line), line);
        line = end;
    }
    free(text);
    return kept;
}

static const struct source *changed(const struct change *change) {
    const char *at = strstr(good, change->from);
    struct source *source = pool_alloc(&pool, sizeof *source);

    ck_assert_ptr_nonnull(at);
    source->name = "f";
    source->text = pool_format(&pool, "%.*s%s%s", (int)(at - good), good, change->to,
                               at + strlen(change->from));
    source->size = strlen(source->text);
    return source;
}

START_TEST(says_exactly) {
    const struct schema *schema = schema_builtin(&pool);
    struct message message;
    struct tree *tree = read_yaml(&diag, changed(&changes[_i]));

    ck_assert_ptr_nonnull(tree);
    bool ok = message_encode(&diag, schema, *schema_manifest(schema), tree, &message);
    manifest_check(&diag, schema, tree);
    ck_assert_str_eq(reported(), changes[_i].reported);
    ck_assert(ok || diag.errors > 0);
    ck_assert_int_eq(diag.errors == 0, *changes[_i].reported == 0);
}
END_TEST

// The same checks of a manifest that is binary, with paths for places.
START_TEST(names_paths) {
    static const struct change change = {"name: echo\n          export",
                                         "name: eco\n          export", NULL};
    const struct schema *schema = schema_builtin(&pool);
    const struct capos_struct *node = schema_manifest(schema);
    struct message message;
    struct source *binary = pool_alloc(&pool, sizeof *binary);
    struct capos_reader reader;

    ck_assert(message_encode(&diag, schema, *node, read_yaml(&diag, changed(&change)), &message));
    *binary = (struct source){"m.bin", "", 0};
    capos_reader_init(&reader, message.words, message.size);
    manifest_check(&diag, schema,
                   message_decode(&diag, schema, *node, &reader, binary, MESSAGE_COMPLETE));
    ck_assert_str_eq(reported(),
                     "m.bin: services[1].grants[0].service.name: error: found `eco`, expected the "
                     "name of a service; did you mean `echo`?\n");
}
END_TEST

// Any damage to the text: errors or none, never a crash, and no errors means that there is a
// message.
START_TEST(bears_anything) {
    struct harness_random random = harness_random_start();

    for (int round = 0; round < 1500; round++) {
        struct source *source = pool_alloc(&pool, sizeof *source);
        char *text = pool_copy(&pool, good, sizeof good - 1);
        struct message message;
        for (int i = 0; i < 1 + round % 4; i++)
            text[harness_random_below(&random, sizeof good - 1)] =
                text[harness_random_below(&random, sizeof good - 1)];
        *source = (struct source){"f", text, sizeof good - 1};
        const struct schema *schema = schema_builtin(&pool);
        struct tree *tree = read_yaml(&diag, source);
        if (tree) {
            bool ok = message_encode(&diag, schema, *schema_manifest(schema), tree, &message);
            ck_assert(ok || diag.errors > 0);
            manifest_check(&diag, schema, tree);
        }
        ck_assert(tree || diag.errors > 0);
        (void)reported();
        tear_down();
        set_up();
    }
}
END_TEST

// A chain longer than the schema allows is not followed, however long it is.
START_TEST(bears_many_services) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    fputs("schemaVersion: 1\nbinaries: [{name: init}]\nservices:\n", out);
    for (int i = 0; i < 20000; i++)
        fprintf(
            out,
            "- {name: s%d, binary: init, exports: [{name: e, interface: Echo}], grants: [{name: "
            "g, service: {name: s%d}}]}\n",
            i, i + 1);
    fclose(out);
    const struct schema *schema = schema_builtin(&pool);
    struct source *source = pool_alloc(&pool, sizeof *source);
    struct message message;
    *source = (struct source){"f", text, size};
    struct tree *tree = read_yaml(&diag, source);
    ck_assert(!message_encode(&diag, schema, *schema_manifest(schema), tree, &message));
    manifest_check(&diag, schema, tree);
    ck_assert_str_eq(reported(), "f:4:1: error: found 20000 elements, expected at most 60\n");
    free(text);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("captool manifest");
    TCase *tcase = tcase_create("manifest");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, says_exactly, 0, sizeof changes / sizeof changes[0]);
    tcase_add_test(tcase, names_paths);
    tcase_add_test(tcase, bears_anything);
    tcase_add_test(tcase, bears_many_services);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
