// SPDX-License-Identifier: MIT
//
// See figures.h. Judges count at the same time, so with atomic additions.
#include "tests/stress/figures.h"

#include "base/format.h"
#include "base/text.h"
#include "capos/runtime.h"

struct figures *figures;

// What is not done, and why.
static const struct {
    const char *name; // ends with a dot: all methods of the interface
    const char *why;
} excluded[] = {
    {"Terminal.", "served by a program, not by the kernel"},
    {"Supervisor.", "served by a program, not by the kernel"},
    {"Power.off", "done by the init when all is over; here only refused"},
    {"Power.reboot", "the machine would start again"},
    {"SerialPort.read", "nobody types: each read is held, and cancelled"},
};

static const char *const opcode_names[FIGURES_OPCODES] = {"NOP",     "CALL",   "RECV", "RETURN",
                                                          "RELEASE", "CANCEL", "PARK", "UNPARK"};
static const char *const flag_names[FIGURES_FLAGS] = {"PIPELINE", "LINK", "SKIP_CQE", "REARM",
                                                      "EXCEPTION"};

static void count(struct figures_count *to, bool done) {
    __atomic_fetch_add(done ? &to->done : &to->refused, 1, __ATOMIC_RELAXED);
}

void figures_method(uint64_t interface, uint16_t ordinal, bool done) {
    for (unsigned i = 0; figures_methods[i].name != NULL && i < FIGURES_METHODS; i++)
        if (figures_methods[i].interface == interface && figures_methods[i].ordinal == ordinal) {
            count(&figures->method[i], done);
            return;
        }
    capos_panic("a method that is in no schema was called");
}

void figures_opcode(uint8_t opcode, uint8_t flags, bool done) {
    if (opcode < FIGURES_OPCODES)
        count(&figures->opcode[opcode], done);
    for (unsigned i = 0; i < FIGURES_FLAGS; i++)
        if ((flags & 1 << i) != 0)
            __atomic_fetch_add(&figures->flag[i], 1, __ATOMIC_RELAXED);
}

static const char *why_excluded(const char *name) {
    for (unsigned i = 0; i < sizeof excluded / sizeof excluded[0]; i++) {
        size_t length = text_length(excluded[i].name, 64), whole = text_length(name, 64);
        bool all = excluded[i].name[length - 1] == '.';

        if (all ? whole > length && text_equal(name, length, excluded[i].name, length)
                : text_equal(name, whole, excluded[i].name, length))
            return excluded[i].why;
    }
    return NULL;
}

// One line; false when it was never done.
static bool tell(const char *what, const struct figures_count *count, const char *why) {
    char text[200];
    struct format f;
    bool ok = count->done > 0 || why != NULL;

    format_init(&f, text, sizeof text);
    format_text(&f, ok ? "# " : "# NEVER DONE: ");
    format_text(&f, what);
    format_text(&f, ": done ");
    format_u64(&f, count->done);
    format_text(&f, ", refused ");
    format_u64(&f, count->refused);
    if (why != NULL) {
        format_text(&f, "; excluded: ");
        format_text(&f, why);
    }
    format_text(&f, "\n");
    capos_print_bytes(text, f.used);
    return ok;
}

bool figures_tell(void) {
    bool ok = true;

    for (unsigned i = 0; i < FIGURES_OPCODES; i++)
        ok &= tell(opcode_names[i], &figures->opcode[i], NULL);
    for (unsigned i = 0; i < FIGURES_FLAGS; i++) {
        const struct figures_count flag = {.done = figures->flag[i]};

        ok &= tell(flag_names[i], &flag, NULL);
    }
    for (unsigned i = 0; figures_methods[i].name != NULL; i++)
        ok &= tell(figures_methods[i].name, &figures->method[i],
                   why_excluded(figures_methods[i].name));
    return ok;
}
