// SPDX-License-Identifier: MIT
// Scalars by type. What a text means depends on the type that is expected, so a name like `no`
// stays a name where the schema wants text, and nothing is ever rounded, clamped or cut.
#include "captool/common/scalar.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "capnp/floats.h"

struct scalar {
    struct diag *diag;
    const struct schema *schema;
    struct capos_struct type;
    const struct capos_type_form *form;
    const struct tree *tree;
    const char *expected;
};

static bool wrong(const struct scalar *s) {
    struct pool *pool = s->diag->pool;
    diag_error(s->diag, s->tree->span, "found %s, expected %s", tree_describe(s->diag, s->tree),
               s->expected ? s->expected : schema_expected(pool, s->schema, s->type));
    return false;
}

static int digit_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

// Digits of one base, at least one; without a leading zero in decimal, where it could mean octal.
static bool read_digits(const char *text, size_t size, unsigned base,
                        struct scalar_number *number) {
    if (size == 0 || (base == 10 && size > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < size; i++) {
        unsigned digit = (unsigned)digit_of(text[i]);
        if (digit >= base)
            return false;
        if (number->magnitude > (UINT64_MAX - digit) / base)
            number->overflow = true;
        number->magnitude = number->magnitude * base + digit;
    }
    return true;
}

bool scalar_number(const char *text, size_t size, struct scalar_number *number) {
    *number = (struct scalar_number){0};
    if (size > 0 && text[0] == '-') {
        number->negative = true;
        text++;
        size--;
    }
    if (size > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'o'))
        return read_digits(text + 2, size - 2, text[1] == 'x' ? 16 : 8, number);
    return read_digits(text, size, 10, number);
}

static bool out_of_range(const struct scalar *s) {
    const char *range;
    uint64_t most = UINT64_MAX >> (64 - s->form->bits);
    if (s->form->is_signed)
        range = pool_format(s->diag->pool, "-%" PRIu64 " to %" PRIu64, most / 2 + 1, most / 2);
    else
        range = pool_format(s->diag->pool, "0 to %" PRIu64, most);
    diag_error(s->diag, s->tree->span, "found %s, expected a number from %s (%s)",
               diag_quote(s->diag, s->tree->text, s->tree->size), range, s->form->name);
    return false;
}

// JSON has 64-bit integers in quotes, because other readers would lose bits of them.
static bool read_integer(const struct scalar *s, uint64_t *bits) {
    struct scalar_number number;
    if ((s->tree->style == TREE_QUOTED && s->form->bits < 64) || s->tree->style == TREE_BYTES ||
        !scalar_number(s->tree->text, s->tree->size, &number))
        return wrong(s);
    uint64_t most = UINT64_MAX >> (64 - s->form->bits);
    if (s->form->is_signed)
        most = most / 2 + number.negative;
    else if (number.negative)
        most = 0;
    if (number.overflow || number.magnitude > most)
        return out_of_range(s);
    *bits = number.negative ? 0 - number.magnitude : number.magnitude;
    return true;
}

// What both formats call the numbers that are none.
static bool read_special(const struct tree *tree, double *value) {
    static const struct {
        const char *text;
        double value;
    } specials[] = {
        {"NaN", NAN},       {"Infinity", INFINITY}, {"-Infinity", -INFINITY}, {".nan", NAN},
        {".inf", INFINITY}, {"+.inf", INFINITY},    {"-.inf", -INFINITY},
    };
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
        if (tree_is(tree, specials[i].text)) {
            *value = specials[i].value;
            return true;
        }
    }
    return false;
}

// Decimal only: strtod would also take hexadecimal, "inf" and "nan".
static bool read_decimal(const struct scalar *s, double *value) {
    const char *text = s->tree->text;
    if (s->tree->size == 0 || strspn(text, "0123456789+-.eE") != s->tree->size ||
        !strpbrk(text, "0123456789"))
        return false;
    char *end;
    *value = s->form->bits == 32 ? (double)strtof(text, &end) : strtod(text, &end);
    return *end == 0;
}

static bool read_float(const struct scalar *s, uint64_t *bits) {
    double value;
    if (!read_special(s->tree, &value)) {
        if (s->tree->style == TREE_QUOTED || s->tree->style == TREE_BYTES ||
            !read_decimal(s, &value))
            return wrong(s);
        if (isinf(value)) {
            diag_error(s->diag, s->tree->span, "found %s, expected a number that %s can hold",
                       diag_quote(s->diag, s->tree->text, s->tree->size), s->form->name);
            return false;
        }
    }
    *bits = s->form->bits == 32 ? capos_f32_to_bits((float)value) : capos_f64_to_bits(value);
    return true;
}

static bool read_bool(const struct scalar *s, uint64_t *bits) {
    if (s->tree->style == TREE_QUOTED || s->tree->style == TREE_BYTES)
        return wrong(s);
    *bits = tree_is(s->tree, "true");
    return *bits || tree_is(s->tree, "false") || wrong(s);
}

// By name; by number only beyond the names, which is what a newer program may have written.
static bool read_enum(const struct scalar *s, uint64_t *bits) {
    const struct capos_struct *node = schema_node(s->schema, capos_type_id(s->type));
    struct capos_list names = node ? capos_node_enumerants(*node) : (struct capos_list){0};
    struct scalar_number number;
    for (uint32_t i = 0; i < names.size; i++) {
        struct capos_text name = capos_enumerant_name(capos_list_struct(names, i));
        if (text_equal(name.data, name.size, s->tree->text, s->tree->size)) {
            *bits = i;
            return true;
        }
    }
    if (node && scalar_number(s->tree->text, s->tree->size, &number) && !number.negative &&
        !number.overflow && number.magnitude >= names.size && number.magnitude <= UINT16_MAX) {
        *bits = number.magnitude;
        return true;
    }
    const char *meant =
        node ? schema_nearest(s->diag->pool, *node, s->tree->text, s->tree->size) : NULL;
    diag_error(s->diag, s->tree->span, "found %s, expected %s%s", tree_describe(s->diag, s->tree),
               schema_expected(s->diag->pool, s->schema, s->type), diag_meant(s->diag, meant));
    return false;
}

bool scalar_bits(struct diag *diag, const struct schema *schema, struct capos_struct type,
                 const struct tree *tree, const char *expected, uint64_t *bits) {
    enum capos_type_kind kind = capos_type_which(type);
    struct scalar s = {diag, schema, type, capos_type_form(kind), tree, expected};
    *bits = 0;
    if (tree->kind != TREE_SCALAR || !s.form)
        return wrong(&s);
    if (kind == CAPOS_TYPE_VOID)
        return tree_is_null(tree) || wrong(&s);
    if (kind == CAPOS_TYPE_BOOL)
        return read_bool(&s, bits);
    if (kind == CAPOS_TYPE_ENUM)
        return read_enum(&s, bits);
    return s.form->is_float ? read_float(&s, bits) : read_integer(&s, bits);
}

// The shortest decimal that reads back as the same number.
static const char *print_float(struct pool *pool, const struct capos_type_form *form,
                               uint64_t bits) {
    double value =
        form->bits == 32 ? (double)capos_f32_of_bits((uint32_t)bits) : capos_f64_of_bits(bits);
    if (isnan(value))
        return "NaN";
    if (isinf(value))
        return value < 0 ? "-Infinity" : "Infinity";
    for (int digits = 1;; digits++) {
        char *text = pool_format(pool, "%.*g", digits, value);
        double again = form->bits == 32 ? (double)strtof(text, NULL) : strtod(text, NULL);
        if (memcmp(&again, &value, sizeof value) == 0 || digits >= 17)
            return text;
    }
}

static const char *print_integer(struct pool *pool, const struct capos_type_form *form,
                                 uint64_t bits) {
    if (!form->is_signed || (bits >> (form->bits - 1)) == 0)
        return pool_format(pool, "%" PRIu64, bits);
    return pool_format(pool, "-%" PRIu64, (0 - bits) & (UINT64_MAX >> (64 - form->bits)));
}

static struct tree *make(struct pool *pool, enum tree_style style, const char *text,
                         struct span span) {
    return tree_scalar(pool, style, span, text, strlen(text));
}

static struct tree *enum_tree(struct pool *pool, const struct schema *schema,
                              struct capos_struct type, uint64_t bits, struct span span) {
    const struct capos_struct *node = schema_node(schema, capos_type_id(type));
    struct capos_list names = node ? capos_node_enumerants(*node) : (struct capos_list){0};
    if (bits >= names.size)
        return make(pool, TREE_LITERAL, pool_format(pool, "%" PRIu64, bits), span);
    struct capos_text name = capos_enumerant_name(capos_list_struct(names, (uint32_t)bits));
    return tree_scalar(pool, TREE_NAME, span, name.data, name.size);
}

struct tree *scalar_tree(struct pool *pool, const struct schema *schema, struct capos_struct type,
                         uint64_t bits, struct span span) {
    enum capos_type_kind kind = capos_type_which(type);
    const struct capos_type_form *form = capos_type_form(kind);
    if (kind == CAPOS_TYPE_VOID)
        return make(pool, TREE_LITERAL, "null", span);
    if (kind == CAPOS_TYPE_BOOL)
        return make(pool, TREE_LITERAL, bits ? "true" : "false", span);
    if (kind == CAPOS_TYPE_ENUM)
        return enum_tree(pool, schema, type, bits, span);
    if (form->is_float) {
        const char *text = print_float(pool, form, bits);
        return make(pool, strpbrk(text, "yN") ? TREE_NAME : TREE_LITERAL, text, span);
    }
    return make(pool, form->bits == 64 ? TREE_NAME : TREE_LITERAL, print_integer(pool, form, bits),
                span);
}
