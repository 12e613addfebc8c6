// SPDX-License-Identifier: MIT
//
// See lineedit.h. Every key ends in one of two pictures: a character appended at the end of the
// line is simply shown; anything else draws the line again from its origin. A line that is wider
// than the screen is scrolled sideways, so that it never wraps: wrapping differs between terminals.
#include "lineedit.h"

#include "base/memory.h"
#include "base/text.h"

enum {
    CTRL_A = 1,
    CTRL_B = 2,
    CTRL_C = 3,
    CTRL_D = 4,
    CTRL_E = 5,
    CTRL_F = 6,
    BELL = 7,
    CTRL_H = 8,
    CTRL_K = 11,
    CTRL_N = 14,
    CTRL_P = 16,
    CTRL_U = 21,
    CTRL_W = 23,
    ESCAPE = 27,
    DELETE = 127,
    LEAST_VIEW = 10, // a line with fewer columns behind its prompt begins on the next row
};

// States of `escape`.
enum { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_BRACKET, ESCAPE_LETTER };

static void emit_text(struct lineedit *e, const char *text) {
    e->emit(e->context, text, text_length(text, SIZE_MAX));
}

// ESC [ n C: n columns to the right; nothing for 0, which terminals take for 1.
static void emit_right(struct lineedit *e, size_t columns) {
    char sequence[8] = {ESCAPE, '['};
    size_t used = 2;

    if (columns == 0)
        return;
    if (columns >= 100)
        sequence[used++] = (char)('0' + columns / 100 % 10);
    if (columns >= 10)
        sequence[used++] = (char)('0' + columns / 10 % 10);
    sequence[used++] = (char)('0' + columns % 10);
    sequence[used++] = 'C';
    e->emit(e->context, sequence, used);
}

// Bytes of the well-formed UTF-8 sequence that begins here, or 1.
static size_t character_size(const char *text, size_t room) {
    uint8_t lead = (uint8_t)text[0];
    size_t size = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;

    if (size > room)
        return 1;
    for (size_t i = 1; i < size; i++)
        if (((uint8_t)text[i] & 0xc0) != 0x80)
            return 1;
    return size;
}

size_t lineedit_width(const char *text, size_t size) {
    size_t columns = 0;

    for (size_t i = 0; i < size; i += character_size(text + i, size - i))
        columns++;
    return columns;
}

static size_t next_character(const struct lineedit *e, size_t at) {
    if (at >= e->line.size)
        return e->line.size;
    return at + character_size(e->line.text + at, e->line.size - at);
}

static size_t previous_character(const struct lineedit *e, size_t at) {
    for (size_t size = 4; size > 1; size--)
        if (size <= at && character_size(e->line.text + at - size, size) == size)
            return at - size;
    return at > 0 ? at - 1 : 0;
}

static size_t view_columns(const struct lineedit *e) {
    return (size_t)(e->columns - e->origin - 1);
}

// Moves the view so that the cursor is in it.
static void follow_cursor(struct lineedit *e) {
    if (e->cursor < e->view)
        e->view = e->cursor;
    while (lineedit_width(e->line.text + e->view, e->cursor - e->view) > view_columns(e))
        e->view = (uint16_t)next_character(e, e->view);
}

// Draws the part of the line that is in view and places the cursor.
static void draw(struct lineedit *e) {
    if (e->hidden)
        return;
    follow_cursor(e);
    size_t end = e->view;
    for (size_t column = 0; column < view_columns(e) && end < e->line.size; column++)
        end = next_character(e, end);
    emit_text(e, "\r");
    emit_right(e, e->origin);
    e->emit(e->context, e->line.text + e->view, end - e->view);
    emit_text(e, "\x1b[K\r");
    emit_right(e, e->origin + lineedit_width(e->line.text + e->view, e->cursor - e->view));
}

static void show_prompt(struct lineedit *e, uint16_t column) {
    size_t origin = column + lineedit_width(e->prompt, e->prompt_size);

    e->origin = (uint16_t)(origin % e->columns);
    e->emit(e->context, e->prompt, e->prompt_size);
    if (e->origin + LEAST_VIEW >= e->columns) {
        emit_text(e, "\r\n");
        e->origin = 0;
    }
}

void lineedit_init(struct lineedit *editor, uint16_t columns,
                   void (*emit)(void *context, const char *bytes, size_t size), void *context) {
    editor->columns = columns < 20 ? 20 : columns;
    editor->emit = emit;
    editor->context = context;
}

void lineedit_begin(struct lineedit *editor, uint16_t column, const char *prompt, size_t size,
                    bool hidden) {
    editor->line.size = 0;
    editor->cursor = 0;
    editor->view = 0;
    editor->back = 0;
    editor->hidden = hidden;
    editor->prompt_size = (uint8_t)(size < LINEEDIT_PROMPT_MAX ? size : LINEEDIT_PROMPT_MAX);
    memcpy(editor->prompt, prompt, editor->prompt_size);
    show_prompt(editor, column);
}

void lineedit_hide(struct lineedit *editor) {
    emit_text(editor, "\r\x1b[K");
}

void lineedit_show(struct lineedit *editor) {
    show_prompt(editor, 0);
    if (editor->line.size > 0)
        draw(editor);
}

static void insert(struct lineedit *e, uint8_t byte) {
    struct lineedit_line *line = &e->line;
    bool at_end = e->cursor == line->size;

    if (line->size == LINEEDIT_LINE_MAX) {
        emit_text(e, "\a");
        return;
    }
    memmove(line->text + e->cursor + 1, line->text + e->cursor, line->size - e->cursor);
    line->text[e->cursor++] = (char)byte;
    line->size++;
    if (!at_end || lineedit_width(line->text + e->view, line->size - e->view) > view_columns(e))
        draw(e);
    else if (!e->hidden)
        e->emit(e->context, (const char *)&byte, 1);
}

// Takes out the bytes from..to and leaves the cursor there.
static void cut(struct lineedit *e, size_t from, size_t to) {
    struct lineedit_line *line = &e->line;

    if (from == to) {
        emit_text(e, "\a");
        return;
    }
    memmove(line->text + from, line->text + to, line->size - to);
    line->size = (uint16_t)(line->size - (to - from));
    e->cursor = (uint16_t)from;
    draw(e);
}

static void move(struct lineedit *e, size_t cursor) {
    if (cursor == e->cursor)
        return;
    e->cursor = (uint16_t)cursor;
    draw(e);
}

// Where the word before the cursor begins: first the blanks, then what is not blank.
static size_t word_begin(const struct lineedit *e) {
    size_t at = e->cursor;

    while (at > 0 && e->line.text[at - 1] == ' ')
        at--;
    while (at > 0 && e->line.text[at - 1] != ' ')
        at--;
    return at;
}

static void line_copy(struct lineedit_line *to, const struct lineedit_line *from) {
    to->size = from->size;
    memcpy(to->text, from->text, from->size);
}

static struct lineedit_line *history_line(struct lineedit *e, uint8_t back) {
    return &e->history[(e->first + e->count - back) % LINEEDIT_HISTORY_LINES];
}

// Goes to the line that was entered `back` lines ago; 0 is what was being written.
static void recall(struct lineedit *e, int back) {
    if (back < 0 || back > e->count || e->hidden) {
        emit_text(e, "\a");
        return;
    }
    if (e->back == 0)
        line_copy(&e->draft, &e->line);
    e->back = (uint8_t)back;
    line_copy(&e->line, back == 0 ? &e->draft : history_line(e, e->back));
    e->cursor = e->line.size;
    e->view = 0;
    draw(e);
}

// Remembers the line, unless it is empty, hidden, or the same as the last one.
static void remember(struct lineedit *e) {
    if (e->line.size == 0 || e->hidden)
        return;
    if (e->count > 0) {
        const struct lineedit_line *last = history_line(e, 1);
        if (last->size == e->line.size && memcmp(last->text, e->line.text, last->size) == 0)
            return;
    }
    if (e->count == LINEEDIT_HISTORY_LINES)
        e->first = (e->first + 1) % LINEEDIT_HISTORY_LINES;
    else
        e->count++;
    line_copy(history_line(e, 1), &e->line);
}

// A control character that is a command by itself.
static enum lineedit_event control(struct lineedit *e, uint8_t byte) {
    switch (byte) {
    case CTRL_A:
        move(e, 0);
        break;
    case CTRL_B:
        move(e, previous_character(e, e->cursor));
        break;
    case CTRL_E:
        move(e, e->line.size);
        break;
    case CTRL_F:
        move(e, next_character(e, e->cursor));
        break;
    case CTRL_H:
    case DELETE:
        cut(e, previous_character(e, e->cursor), e->cursor);
        break;
    case CTRL_K:
        cut(e, e->cursor, e->line.size);
        break;
    case CTRL_U:
        cut(e, 0, e->cursor);
        break;
    case CTRL_W:
        cut(e, word_begin(e), e->cursor);
        break;
    case CTRL_P:
        recall(e, e->back + 1);
        break;
    case CTRL_N:
        recall(e, e->back - 1);
        break;
    case ESCAPE:
        e->escape = ESCAPE_BEGUN;
        break;
    default:
        emit_text(e, "\a");
    }
    return LINEEDIT_MORE;
}

// The key that ESC [ 3 ~ and its like name by number.
static void numbered_key(struct lineedit *e, uint8_t number) {
    if (number == 1 || number == 7)
        move(e, 0);
    else if (number == 4 || number == 8)
        move(e, e->line.size);
    else if (number == 3)
        cut(e, e->cursor, next_character(e, e->cursor));
}

// The key that ESC [ A, ESC O A and their like name by letter.
static void lettered_key(struct lineedit *e, uint8_t letter) {
    static const struct {
        char letter;
        uint8_t control;
    } keys[] = {{'A', CTRL_P}, {'B', CTRL_N}, {'C', CTRL_F},
                {'D', CTRL_B}, {'H', CTRL_A}, {'F', CTRL_E}};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i].letter == letter)
            (void)control(e, keys[i].control);
}

// A byte of an escape sequence. One that is not known is taken in whole and does nothing.
static void escape_input(struct lineedit *e, uint8_t byte) {
    if (e->escape == ESCAPE_BEGUN && (byte == '[' || byte == 'O')) {
        e->escape = byte == '[' ? ESCAPE_BRACKET : ESCAPE_LETTER;
        e->parameter = 0;
        return;
    }
    if (e->escape == ESCAPE_BRACKET && byte >= 0x20 && byte < 0x40) {
        if (byte >= '0' && byte <= '9')
            e->parameter = (uint8_t)(e->parameter * 10 + byte - '0');
        return;
    }
    if (e->escape == ESCAPE_BRACKET && byte == '~')
        numbered_key(e, e->parameter);
    else if (e->escape != ESCAPE_BEGUN)
        lettered_key(e, byte);
    e->escape = ESCAPE_NONE;
}

static enum lineedit_event end(struct lineedit *e, const char *shown) {
    e->line.size = 0;
    emit_text(e, shown);
    return LINEEDIT_END;
}

static enum lineedit_event enter(struct lineedit *e) {
    if (!e->hidden && e->cursor != e->line.size)
        move(e, e->line.size);
    emit_text(e, "\r\n");
    remember(e);
    return LINEEDIT_LINE;
}

enum lineedit_event lineedit_input(struct lineedit *editor, uint8_t byte) {
    bool after_return = editor->after_return;

    editor->after_return = byte == '\r';
    if (byte == '\n' && after_return)
        return LINEEDIT_MORE;
    if (byte == CTRL_C) {
        editor->escape = ESCAPE_NONE;
        return end(editor, "^C\r\n");
    }
    if (editor->escape != ESCAPE_NONE) {
        escape_input(editor, byte);
        return LINEEDIT_MORE;
    }
    if (byte == '\r' || byte == '\n')
        return enter(editor);
    if (byte == CTRL_D) {
        if (editor->line.size == 0)
            return end(editor, "\r\n");
        cut(editor, editor->cursor, next_character(editor, editor->cursor));
        return LINEEDIT_MORE;
    }
    if (byte < ' ' || byte == DELETE)
        return control(editor, byte);
    insert(editor, byte);
    return LINEEDIT_MORE;
}
