// SPDX-License-Identifier: MIT
// What the readers of text files share.
#include "captool/common/read_text.h"

#include <string.h>

#include "base/text.h"

static size_t character_size(unsigned char lead) {
    if (lead < 0x80)
        return 1;
    if (lead < 0xe0)
        return 2;
    return lead < 0xf0 ? 3 : 4;
}

bool read_check_utf8(struct diag *diag, const struct source *source) {
    size_t i = 0;
    while (i < source->size) {
        size_t size = character_size((unsigned char)source->text[i]);
        if (source->text[i] == 0 || size > source->size - i ||
            !text_is_utf8(source->text + i, size)) {
            diag_error(diag, (struct span){source, i, i + 1, NULL},
                       "found the byte 0x%02x, expected text in UTF-8",
                       (unsigned)(unsigned char)source->text[i]);
            return false;
        }
        i += size;
    }
    return true;
}

static int sextet(char c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

char *read_base64(struct pool *pool, const char *text, size_t size, size_t *bytes) {
    char *out = pool_alloc(pool, size / 4 * 3 + 3);
    size_t digits = 0, padding = 0;
    unsigned bits = 0;
    *bytes = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == ' ' || text[i] == '\n' || text[i] == '\r' || text[i] == '\t')
            continue;
        if (text[i] == '=') {
            padding++;
            continue;
        }
        int value = sextet(text[i]);
        if (value < 0 || padding > 0)
            return NULL;
        bits = bits << 6 | (unsigned)value;
        if (digits++ % 4 != 0)
            out[(*bytes)++] = (char)(bits >> (6 - 2 * ((digits - 1) % 4)));
    }
    if ((digits + padding) % 4 != 0 || padding > 2)
        return NULL;
    unsigned unused = (padding == 1) ? 3 : (padding == 2) ? 15 : 0;
    return (bits & unused) == 0 ? out : NULL;
}
