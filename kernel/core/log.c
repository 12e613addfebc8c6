// SPDX-License-Identifier: MIT
//
// The kernel's log; see log.h.
#include "core/log.h"

#include "base/format.h"
#include "machine/log.h"

#include <stdbool.h>

// One conversion: what stands between % and its letter.
struct log_conversion {
    unsigned width;
    bool wide;
    char letter;
};

// Reads a conversion after its %; returns where the text goes on.
static const char *log_parse(const char *at, struct log_conversion *conversion) {
    *conversion = (struct log_conversion){0};
    while (*at >= '0' && *at <= '9')
        conversion->width = conversion->width * 10 + (unsigned)(*at++ - '0');
    while (*at == 'l') {
        conversion->wide = true;
        at++;
    }
    conversion->letter = *at;
    return *at ? at + 1 : at;
}

static void log_number(struct format *text, const struct log_conversion *conversion,
                       va_list *values) {
    if (conversion->letter == 'd') {
        format_i64(text, conversion->wide ? va_arg(*values, long) : va_arg(*values, int));
        return;
    }
    uint64_t value = conversion->wide ? va_arg(*values, unsigned long) : va_arg(*values, unsigned);
    if (conversion->letter == 'u')
        format_u64_padded(text, value, conversion->width, '0');
    else if (conversion->width != 0)
        format_hex_padded(text, value, conversion->width);
    else
        format_hex(text, value);
}

static void log_convert(struct format *text, const struct log_conversion *conversion,
                        va_list *values) {
    switch (conversion->letter) {
    case 's':
        format_text(text, va_arg(*values, const char *));
        break;
    case 'c':
        format_char(text, (char)va_arg(*values, int));
        break;
    case 'd':
    case 'u':
    case 'x':
        log_number(text, conversion, values);
        break;
    default:
        format_char(text, conversion->letter);
    }
}

void log_vline(struct cpu *cpu, const char *prefix, const char *format, va_list arguments) {
    char line[LOG_LINE_SIZE];
    struct format text;
    va_list values;

    va_copy(values, arguments);
    format_init(&text, line, sizeof line - 1);
    format_text(&text, "capos: ");
    format_text(&text, prefix);
    while (*format) {
        struct log_conversion conversion;
        const char *start = format;
        while (*format && *format != '%')
            format++;
        format_bytes(&text, start, (size_t)(format - start));
        if (*format == '%') {
            format = log_parse(format + 1, &conversion);
            log_convert(&text, &conversion, &values);
        }
    }
    va_end(values);
    format_mark_truncation(&text);
    line[text.used] = '\n';
    machine_log(cpu, line, text.used + 1);
}

void log_line(struct cpu *cpu, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_vline(cpu, "", format, arguments);
    va_end(arguments);
}
