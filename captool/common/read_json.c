// SPDX-License-Identifier: MIT
// Strict JSON: RFC 8259 and nothing more. Numbers stay text, so that no integer loses a bit.
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "captool/common/read_text.h"

struct json {
    struct diag *diag;
    const struct source *source;
    size_t at;
    unsigned depth;
};

static struct tree *read_value(struct json *json);

static bool at_end(const struct json *json) {
    return json->at >= json->source->size;
}

// The character at the reading place; 0 at the end, which no text has within (it was checked).
static char peek(const struct json *json) {
    return at_end(json) ? 0 : json->source->text[json->at];
}

static struct span span_from(const struct json *json, size_t begin) {
    return (struct span){json->source, begin, json->at, NULL};
}

static void skip_blank(struct json *json) {
    while (peek(json) == ' ' || peek(json) == '\t' || peek(json) == '\n' || peek(json) == '\r')
        json->at++;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || c == '+' || c == '.' || (unsigned char)c >= 0x80;
}

// Reports what stands here: a word, or a single character.
static void *fail(struct json *json, const char *expected) {
    size_t begin = json->at;
    if (at_end(json)) {
        diag_error(json->diag, span_from(json, begin), "found the end of the file, expected %s",
                   expected);
        return NULL;
    }
    if (peek(json) == '\n') {
        diag_error(json->diag, span_from(json, begin), "found the end of the line, expected %s",
                   expected);
        return NULL;
    }
    do
        json->at++;
    while (is_word(json->source->text[begin]) && is_word(peek(json)));
    diag_error(json->diag, span_from(json, begin), "found %s, expected %s",
               diag_quote(json->diag, json->source->text + begin, json->at - begin), expected);
    return NULL;
}

static int hex_digit(char c) {
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Four hexadecimal digits, or -1.
static int32_t read_unit(struct json *json) {
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(peek(json));
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
        json->at++;
    }
    return unit;
}

// The number behind \u, the second half of a surrogate pair included; -1 if there is none.
static int32_t read_code(struct json *json) {
    int32_t code = read_unit(json);
    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (code > 0xdbff || peek(json) != '\\')
        return -1;
    json->at++;
    if (peek(json) != 'u')
        return -1;
    json->at++;
    int32_t low = read_unit(json);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

static size_t put_utf8(char *out, uint32_t code) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t lead[4] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[more] | code >> (6 * more));
    for (size_t i = 1; i <= more; i++)
        out[i] = (char)(0x80 | ((code >> (6 * (more - i))) & 0x3f));
    return more + 1;
}

// What follows a backslash; appends to out.
static bool read_escape(struct json *json, char *out, size_t *size) {
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    size_t begin = json->at++;
    char c = peek(json);
    const char *known = c ? strchr(names, c) : NULL;
    if (known) {
        out[(*size)++] = values[known - names];
        json->at++;
        return true;
    }
    int32_t code = -1;
    if (c == 'u') {
        json->at++;
        code = read_code(json);
    } else if (c) {
        json->at++;
    }
    if (code >= 0) {
        *size += put_utf8(out + *size, (uint32_t)code);
        return true;
    }
    diag_error(json->diag, span_from(json, begin), "found %s, expected an escape sequence of JSON",
               diag_quote(json->diag, json->source->text + begin, json->at - begin));
    return false;
}

static struct tree *read_string(struct json *json) {
    size_t begin = json->at++;
    // No escape sequence is shorter than what it means.
    size_t room = 1;
    for (size_t i = json->at; i < json->source->size && json->source->text[i] != '"'; i++)
        room += json->source->text[i] == '\\' && i + 1 < json->source->size ? (i++, 2) : 1;
    char *text = pool_alloc(json->diag->pool, room);
    size_t size = 0;
    while (peek(json) != '"') {
        char c = peek(json);
        if ((unsigned char)c < ' ')
            return fail(json, "the closing `\"` of the text or an escape sequence");
        if (c == '\\') {
            if (!read_escape(json, text, &size))
                return NULL;
        } else {
            text[size++] = c;
            json->at++;
        }
    }
    json->at++;
    return tree_scalar(json->diag->pool, TREE_QUOTED, span_from(json, begin), text, size);
}

static bool skip_digits(struct json *json) {
    if (!is_digit(peek(json)))
        return false;
    while (is_digit(peek(json)))
        json->at++;
    return true;
}

static bool skip_number(struct json *json) {
    if (peek(json) == '-')
        json->at++;
    if (peek(json) == '0')
        json->at++;
    else if (!skip_digits(json))
        return false;
    if (peek(json) == '.') {
        json->at++;
        if (!skip_digits(json))
            return false;
    }
    if (peek(json) == 'e' || peek(json) == 'E') {
        json->at++;
        if (peek(json) == '+' || peek(json) == '-')
            json->at++;
        if (!skip_digits(json))
            return false;
    }
    return !is_word(peek(json));
}

// A number, true, false or null.
static struct tree *read_literal(struct json *json) {
    size_t begin = json->at;
    bool ok;
    if (is_digit(peek(json)) || peek(json) == '-') {
        ok = skip_number(json);
    } else {
        while (is_word(peek(json)))
            json->at++;
        const char *word = json->source->text + begin;
        size_t size = json->at - begin;
        ok = text_is(word, size, "true") || text_is(word, size, "false") ||
             text_is(word, size, "null");
    }
    if (!ok) {
        json->at = begin;
        return fail(json,
                    is_digit(peek(json)) || peek(json) == '-' ? "a number of JSON" : "a value");
    }
    return tree_scalar(json->diag->pool, TREE_LITERAL, span_from(json, begin),
                       json->source->text + begin, json->at - begin);
}

static struct tree *read_array(struct json *json) {
    struct tree *array = tree_sequence(json->diag->pool, span_from(json, json->at));
    json->at++;
    skip_blank(json);
    if (peek(json) != ']') {
        for (;;) {
            struct tree *item = read_value(json);
            if (!item)
                return NULL;
            tree_add_item(json->diag->pool, array, item);
            skip_blank(json);
            if (peek(json) != ',')
                break;
            json->at++;
        }
        if (peek(json) != ']')
            return fail(json, "`,` or `]`");
    }
    json->at++;
    array->span.end = json->at;
    return array;
}

static bool read_member(struct json *json, struct tree *object) {
    skip_blank(json);
    if (peek(json) != '"')
        return fail(json, "a name in `\"`");
    struct tree *key = read_string(json);
    if (!key)
        return false;
    skip_blank(json);
    if (peek(json) != ':')
        return fail(json, "`:`");
    json->at++;
    struct tree *value = read_value(json);
    if (!value)
        return false;
    tree_add_member(json->diag->pool, object, key, value);
    return true;
}

static struct tree *read_object(struct json *json) {
    struct tree *object = tree_mapping(json->diag->pool, span_from(json, json->at));
    json->at++;
    skip_blank(json);
    if (peek(json) != '}') {
        for (;;) {
            if (!read_member(json, object))
                return NULL;
            skip_blank(json);
            if (peek(json) != ',')
                break;
            json->at++;
        }
        if (peek(json) != '}')
            return fail(json, "`,` or `}`");
    }
    json->at++;
    object->span.end = json->at;
    tree_check_keys(json->diag, object);
    return object;
}

static struct tree *read_value(struct json *json) {
    skip_blank(json);
    char c = peek(json);
    if (c == '"')
        return read_string(json);
    if (c != '{' && c != '[')
        return is_word(c) ? read_literal(json) : fail(json, "a value");
    if (json->depth >= TREE_DEPTH)
        return fail(json, "at most 128 levels of nesting");
    json->depth++;
    struct tree *tree = c == '{' ? read_object(json) : read_array(json);
    json->depth--;
    return tree;
}

struct tree *read_json(struct diag *diag, const struct source *source) {
    struct json json = {diag, source, 0, 0};
    if (!read_check_utf8(diag, source))
        return NULL;
    struct tree *tree = read_value(&json);
    if (!tree)
        return NULL;
    skip_blank(&json);
    return at_end(&json) ? tree : fail(&json, "the end of the file");
}
