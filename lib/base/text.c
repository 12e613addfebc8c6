// SPDX-License-Identifier: MIT
//
// Bounded text: see base/text.h for the contracts.
#include "base/text.h"

#include "base/bits.h"
#include "base/checked.h"
#include "base/memory.h"

size_t text_length(const char *text, size_t limit) {
    size_t length = 0;

    while (length < limit && text[length] != '\0')
        length++;
    return length;
}

bool text_copy(char *to, size_t room, const char *from, size_t size) {
    if (size >= room) {
        if (room > 0)
            to[0] = '\0';
        return false;
    }
    memcpy(to, from, size);
    to[size] = '\0';
    return true;
}

int text_compare(const char *a, size_t a_size, const char *b, size_t b_size) {
    int order = memcmp(a, b, min_size(a_size, b_size));

    if (order != 0 || a_size == b_size)
        return order;
    return a_size < b_size ? -1 : 1;
}

bool text_equal(const char *a, size_t a_size, const char *b, size_t b_size) {
    return a_size == b_size && memcmp(a, b, a_size) == 0;
}

bool text_starts_with(const char *text, size_t size, const char *start) {
    for (size_t i = 0; start[i] != '\0'; i++)
        if (i == size || text[i] != start[i])
            return false;
    return true;
}

bool text_is(const char *text, size_t size, const char *word) {
    // Not by a look at word[size]: the text may hold a NUL, and the word may end long before that.
    return text_length(word, size) == size && word[size] == '\0' && memcmp(text, word, size) == 0;
}

size_t text_find(const char *text, size_t size, char c) {
    size_t at = 0;

    while (at < size && text[at] != c)
        at++;
    return at;
}

// The value of a digit in base 10 or 16, or 16 when it is none.
static unsigned digit_value(char c) {
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

bool text_to_u64(const char *text, size_t size, uint64_t *out) {
    unsigned base = text_starts_with(text, size, "0x") ? 16 : 10;
    size_t at = base == 16 ? 2 : 0;
    uint64_t v = 0;

    if (at == size)
        return false;
    for (; at < size; at++) {
        unsigned value = digit_value(text[at]);

        if (value >= base || !checked_mul_u64(v, base, &v) || !checked_add_u64(v, value, &v))
            return false;
    }
    *out = v;
    return true;
}

// How many bytes the sequence that begins with `lead` has (0: none may begin so), and the range of
// the second byte, which is what rules out long forms, surrogates and what is above U+10FFFF.
static size_t utf8_sequence(unsigned char lead, unsigned char *low, unsigned char *high) {
    *low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    *high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef)
        return 3;
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

bool text_is_utf8(const char *text, size_t size) {
    const unsigned char *byte = (const unsigned char *)text;
    size_t at = 0;

    while (at < size) {
        unsigned char low;
        unsigned char high;
        size_t length = utf8_sequence(byte[at], &low, &high);

        if (length == 0 || length > size - at)
            return false;
        for (size_t i = 1; i < length; i++) {
            if (byte[at + i] < low || byte[at + i] > high)
                return false;
            low = 0x80;
            high = 0xbf;
        }
        at += length;
    }
    return true;
}
