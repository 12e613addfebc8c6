// SPDX-License-Identifier: MIT
//
// servers/terminal/lineedit.h. What the editor sends goes to a screen of one row that knows the few
// VT100 commands that it may use; so the tests look at what a person would see.
#include "servers/terminal/lineedit.h"

#include "tests/harness.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 40, CELL = 5 };

struct screen {
    char cells[COLUMNS][CELL]; // one character each, NUL-terminated
    size_t cursor;
    size_t rows;  // line feeds so far
    size_t bells; // BELs so far
    char sequence[8];
    size_t sequence_size;
    char partial[CELL]; // a UTF-8 sequence that is coming in
};

static void screen_clear_from(struct screen *s, size_t column) {
    for (size_t i = column; i < COLUMNS; i++)
        strcpy(s->cells[i], " ");
}

static void screen_escape(struct screen *s, char c) {
    s->sequence[s->sequence_size++] = c;
    ck_assert_uint_lt(s->sequence_size, sizeof s->sequence);
    if (s->sequence_size < 3)
        return;
    if (c == 'K') {
        ck_assert_uint_eq(s->sequence_size, 3);
        screen_clear_from(s, s->cursor);
    } else if (c == 'C') {
        unsigned columns = (unsigned)atoi(s->sequence + 2);
        ck_assert_uint_gt(columns, 0);
        s->cursor += columns;
        ck_assert_uint_lt(s->cursor, COLUMNS);
    } else {
        ck_assert(c >= '0' && c <= '9');
        return;
    }
    memset(s->sequence, 0, sizeof s->sequence);
    s->sequence_size = 0;
}

// A byte of text; a UTF-8 sequence takes one cell when it is complete.
static void screen_put(struct screen *s, char c) {
    size_t size = strlen(s->partial);
    bool more = ((uint8_t)c & 0xc0) == 0x80;

    if (size > 0 && more && s->cursor > 0) {
        strncat(s->cells[s->cursor - 1], &c, 1);
        strncat(s->partial, &c, 1);
        if (strlen(s->partial) == ((uint8_t)s->partial[0] < 0xe0 ? 2u : 3u))
            s->partial[0] = '\0';
        return;
    }
    ck_assert_uint_lt(s->cursor, COLUMNS);
    s->cells[s->cursor][0] = c;
    s->cells[s->cursor++][1] = '\0';
    s->partial[0] = (uint8_t)c >= 0xc2 ? c : '\0';
    s->partial[1] = '\0';
}

static void screen_write(void *context, const char *bytes, size_t size) {
    struct screen *s = context;

    for (size_t i = 0; i < size; i++) {
        if (s->sequence_size > 0 || bytes[i] == '\x1b')
            screen_escape(s, bytes[i]);
        else if (bytes[i] == '\r')
            s->cursor = 0;
        else if (bytes[i] == '\a')
            s->bells++;
        else if (bytes[i] == '\n') {
            s->rows++;
            screen_clear_from(s, 0);
        } else
            screen_put(s, bytes[i]);
    }
}

static struct lineedit editor;
static struct screen screen;

static void start(const char *prompt, bool hidden) {
    memset(&editor, 0, sizeof editor);
    memset(&screen, 0, sizeof screen);
    screen_clear_from(&screen, 0);
    lineedit_init(&editor, COLUMNS, screen_write, &screen);
    lineedit_begin(&editor, 0, prompt, strlen(prompt), hidden);
}

// Types keys; the answer is what the last one did.
static enum lineedit_event type_bytes(const char *keys, size_t size) {
    enum lineedit_event event = LINEEDIT_MORE;

    for (size_t i = 0; i < size; i++) {
        ck_assert_int_eq(event, LINEEDIT_MORE);
        event = lineedit_input(&editor, (uint8_t)keys[i]);
    }
    return event;
}

static enum lineedit_event type(const char *keys) {
    return type_bytes(keys, strlen(keys));
}

static void again(void) {
    lineedit_begin(&editor, 0, "> ", 2, false);
}

static const char *shown(void) {
    static char text[COLUMNS * CELL];
    size_t size;

    text[0] = '\0';
    for (size_t i = 0; i < COLUMNS; i++)
        strcat(text, screen.cells[i]);
    for (size = strlen(text); size > 0 && text[size - 1] == ' '; size--)
        text[size - 1] = '\0';
    return text;
}

static void line_is(const char *text) {
    ck_assert_uint_eq(editor.line.size, strlen(text));
    ck_assert(memcmp(editor.line.text, text, strlen(text)) == 0);
}

START_TEST(plain_line) {
    start("capos> ", false);
    ck_assert_str_eq(shown(), "capos>");
    ck_assert_int_eq(type("help"), LINEEDIT_MORE);
    ck_assert_str_eq(shown(), "capos> help");
    ck_assert_uint_eq(screen.rows, 0);
    ck_assert_int_eq(type("\r"), LINEEDIT_LINE);
    line_is("help");
    ck_assert_uint_eq(screen.rows, 1);
    ck_assert_uint_eq(screen.cursor, 0);
    again();
    ck_assert_int_eq(type("\n"), LINEEDIT_MORE); // belongs to the CR before it
    ck_assert_int_eq(type("\n"), LINEEDIT_LINE);
    line_is("");
}
END_TEST

START_TEST(moving_and_changing) {
    static const struct {
        const char *keys, *line, *picture;
        size_t cursor; // column on the screen
    } cases[] = {
        {"abc\x1b[D\x1b[DX", "aXbc", "> aXbc", 4},
        {"abc\x1bOD\x1bODX\x1b[C!", "aXb!c", "> aXb!c", 6},
        {"abc\x1b[HX", "Xabc", "> Xabc", 3},
        {"abc\x1b[1~X\x1b[4~Y", "XabcY", "> XabcY", 7},
        {"abc\x1b[7~X\x1b[8~Y", "XabcY", "> XabcY", 7},
        {"abc\x1bOHX\x1bOFY", "XabcY", "> XabcY", 7},
        {"abc\x01X\x05Y", "XabcY", "> XabcY", 7},
        {"abc\x7f", "ab", "> ab", 4},
        {"abc\x08\x08", "a", "> a", 3},
        {"abc\x1b[D\x7f", "ac", "> ac", 3},
        {"abc\x01\x1b[3~", "bc", "> bc", 2},
        {"abc\x01\x04", "bc", "> bc", 2},
        {"abc\x02\x02\x0b", "a", "> a", 3},
        {"abc\x02\x15", "c", "> c", 2},
        {"one two  \x17", "one ", "> one", 6},
        {"one two\x17\x17x", "x", "> x", 3},
        {"ab\x02\x06\x06x", "abx", "> abx", 5},
        {"ab\x1b[5~\x1b[200~\x1b[1;5Zc", "abc", "> abc", 5},
        {"ab\x1bxc", "abc", "> abc", 5},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        start("> ", false);
        ck_assert_int_eq(type(cases[i].keys), LINEEDIT_MORE);
        line_is(cases[i].line);
        ck_assert_str_eq(shown(), cases[i].picture);
        ck_assert_uint_eq(screen.cursor, cases[i].cursor);
    }
}
END_TEST

START_TEST(keys_that_find_nothing_ring) {
    static const char *const keys[] = {"\x7f",   "\x1b[3~", "\x0b", "\x15", "\x17",
                                       "\x1b[A", "\x1b[B",  "\x07", "\t"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        start("> ", false);
        ck_assert_int_eq(type(keys[i]), LINEEDIT_MORE);
        ck_assert_uint_eq(screen.bells, 1);
        line_is("");
    }
}
END_TEST

START_TEST(ends) {
    start("> ", false);
    ck_assert_int_eq(type("\x04"), LINEEDIT_END);
    ck_assert_uint_eq(screen.rows, 1);
    start("> ", false);
    ck_assert_int_eq(type("abc\x03"), LINEEDIT_END);
    line_is("");
    start("> ", false);
    ck_assert_int_eq(type("abc\x1b[\x03"), LINEEDIT_END);
    again();
    ck_assert_int_eq(type("\x1b[A\r"), LINEEDIT_LINE);
    line_is(""); // what was given up is not remembered
}
END_TEST

START_TEST(eight_bits) {
    start("> ", false);
    ck_assert_int_eq(type("na\xc3\xafve \xe2\x82\xac"), LINEEDIT_MORE);
    ck_assert_str_eq(shown(), "> na\xc3\xafve \xe2\x82\xac");
    ck_assert_int_eq(type("\x7f\x7f\x1b[D\x1b[D\x1b[D\x1b[3~"), LINEEDIT_MORE);
    line_is("nave");
    ck_assert_uint_eq(screen.cursor, 4);
    start("> ", false); // not UTF-8: a byte is a character
    ck_assert_int_eq(type("\xe9\xe8\xff\x80\x1b[D\x1b[Dx\r"), LINEEDIT_LINE);
    line_is("\xe9\xe8x\xff\x80");
    ck_assert_uint_eq(lineedit_width("\xf0\x9f\x98\x80z\xf0\x9f", 7), 4);
}
END_TEST

START_TEST(every_text_byte_survives) {
    start("> ", false);
    for (unsigned byte = 0x20; byte < 0x100; byte++)
        if (byte != 0x7f)
            ck_assert_int_eq(lineedit_input(&editor, (uint8_t)byte), LINEEDIT_MORE);
    ck_assert_uint_eq(editor.line.size, 0xe0 - 1);
    for (unsigned i = 0, byte = 0x20; byte < 0x100; byte++)
        if (byte != 0x7f)
            ck_assert_uint_eq((uint8_t)editor.line.text[i++], byte);
}
END_TEST

START_TEST(hidden_lines) {
    start("password: ", true);
    ck_assert_int_eq(type("secret\x1b[D\x7f\x01s"), LINEEDIT_MORE);
    ck_assert_str_eq(shown(), "password:");
    ck_assert_int_eq(type("\x1b[A"), LINEEDIT_MORE);
    ck_assert_int_eq(type("\r"), LINEEDIT_LINE);
    line_is("ssecrt");
    again();
    ck_assert_int_eq(type("\x1b[A"), LINEEDIT_MORE);
    line_is("");
    ck_assert_uint_eq(editor.count, 0);
}
END_TEST

START_TEST(history) {
    start("> ", false);
    ck_assert_int_eq(type("one\r"), LINEEDIT_LINE);
    again();
    ck_assert_int_eq(type("two\r"), LINEEDIT_LINE);
    again();
    ck_assert_int_eq(type("two\r"), LINEEDIT_LINE); // the same again is not remembered twice
    again();
    ck_assert_int_eq(type("\r"), LINEEDIT_LINE);
    again();
    ck_assert_int_eq(type("dra\x1b[A"), LINEEDIT_MORE);
    ck_assert_str_eq(shown(), "> two");
    type("\x1b[A");
    ck_assert_str_eq(shown(), "> one");
    type("\x1b[A");
    ck_assert_uint_eq(screen.bells, 1);
    type("!\x1b[B\x1b[B");
    ck_assert_str_eq(shown(), "> dra");
    ck_assert_int_eq(type("\x10\x10\r"), LINEEDIT_LINE);
    line_is("one");
}
END_TEST

START_TEST(history_forgets_the_oldest) {
    char line[8];

    start("> ", false);
    for (int i = 0; i < LINEEDIT_HISTORY_LINES + 5; i++) {
        snprintf(line, sizeof line, "%d\r", i);
        ck_assert_int_eq(type(line), LINEEDIT_LINE);
        again();
    }
    for (int i = 0; i < LINEEDIT_HISTORY_LINES; i++)
        ck_assert_int_eq(type("\x1b[A"), LINEEDIT_MORE);
    ck_assert_uint_eq(screen.bells, 0);
    line_is("5");
    type("\x1b[A");
    ck_assert_uint_eq(screen.bells, 1);
    line_is("5");
}
END_TEST

START_TEST(a_full_line_takes_no_more) {
    start("> ", false);
    for (int i = 0; i < LINEEDIT_LINE_MAX; i++)
        type("x");
    ck_assert_uint_eq(screen.bells, 0);
    type("y");
    ck_assert_uint_eq(screen.bells, 1);
    ck_assert_uint_eq(editor.line.size, LINEEDIT_LINE_MAX);
    ck_assert_int_eq(type("\r"), LINEEDIT_LINE);
}
END_TEST

START_TEST(long_prompts_and_columns) {
    start("a prompt of thirty-three columns ", false);
    ck_assert_uint_eq(screen.rows, 1); // too few columns left: the line is on the next row
    type("abc\x01x");
    ck_assert_str_eq(shown(), "xabc");
    start("> ", false);
    screen_write(&screen, "partial ", 8);
    lineedit_begin(&editor, 10, "? ", 2, false);
    type("abc\x02x");
    ck_assert_str_eq(shown(), "> partial ? abxc");
}
END_TEST

START_TEST(hide_and_show) {
    start("> ", false);
    type("abc\x02");
    lineedit_hide(&editor);
    ck_assert_str_eq(shown(), "");
    screen_write(&screen, "news\r\n", 6);
    lineedit_show(&editor);
    ck_assert_str_eq(shown(), "> abc");
    ck_assert_uint_eq(screen.cursor, 4);
}
END_TEST

// Characters of the line from byte `at` on, at most as many as there are columns.
static size_t cells_of(size_t at, char *text, size_t columns) {
    size_t used = 0;

    while (at < editor.line.size && columns-- > 0) {
        do
            text[used++] = editor.line.text[at++];
        while (at < editor.line.size && lineedit_width(editor.line.text + at - 1, 2) == 1);
    }
    return used;
}

// Whatever is typed, the picture is the prompt, then the part of the line around the cursor.
START_TEST(random_keys) {
    static const char *const keys[] = {
        "a",    "b",       " ",    "\xc3\xa9", "\x1b[D", "\x1b[D", "\x1b[C", "\x01", "\x05",
        "\x7f", "\x1b[3~", "\x17", "\x1b[A",   "\x1b[B", "wwwwww", "xyz",    "\r",   "\x0b"};
    struct harness_random random = harness_random_start();
    char picture[2 + LINEEDIT_LINE_MAX];

    start("> ", false);
    for (int i = 0; i < 4000; i++) {
        size_t key = harness_random_below(&random, sizeof keys / sizeof keys[0]);
        if (type(keys[key]) == LINEEDIT_LINE)
            again();
        memcpy(picture, "> ", 2);
        size_t size = 2 + cells_of(editor.view, picture + 2, COLUMNS - 3);
        while (size > 0 && picture[size - 1] == ' ')
            size--;
        picture[size] = '\0';
        ck_assert_str_eq(shown(), picture);
        ck_assert_uint_eq(screen.cursor, 2 + lineedit_width(editor.line.text + editor.view,
                                                            (size_t)(editor.cursor - editor.view)));
        ck_assert_uint_le(editor.cursor, editor.line.size);
    }
}
END_TEST

START_TEST(random_bytes) {
    struct harness_random random = harness_random_start();

    memset(&editor, 0, sizeof editor);
    memset(&screen, 0, sizeof screen);
    lineedit_init(&editor, COLUMNS, screen_write, &screen);
    lineedit_begin(&editor, 0, "> ", 2, false);
    for (int i = 0; i < 20000; i++) {
        uint8_t byte = (uint8_t)harness_random_u64(&random);
        if (byte >= 0x80)
            byte &= 0x1f; // the screen of this test knows no broken UTF-8
        if (lineedit_input(&editor, byte) != LINEEDIT_MORE)
            again();
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("terminal/lineedit");

    harness_add(suite, "plain", plain_line);
    harness_add(suite, "keys", moving_and_changing);
    harness_add(suite, "bells", keys_that_find_nothing_ring);
    harness_add(suite, "ends", ends);
    harness_add(suite, "eight-bits", eight_bits);
    harness_add(suite, "every-byte", every_text_byte_survives);
    harness_add(suite, "hidden", hidden_lines);
    harness_add(suite, "history", history);
    harness_add(suite, "history-limit", history_forgets_the_oldest);
    harness_add(suite, "full", a_full_line_takes_no_more);
    harness_add(suite, "prompt", long_prompts_and_columns);
    harness_add(suite, "hide-show", hide_and_show);
    harness_add(suite, "random-keys", random_keys);
    harness_add(suite, "random-bytes", random_bytes);
    return harness_run(suite);
}
