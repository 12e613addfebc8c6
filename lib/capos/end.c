// SPDX-License-Identifier: MIT
//
// See end.h. A crash's line says what the processor objected to and where; the whole record is for
// debuggers.
#include "capos/end.h"

enum { PAGE_FAULT_WRITE = 2, PAGE_FAULT_EXECUTION = 16 };

const char *end_cause_text(enum capos_crash_cause cause) {
    static const char *const texts[] = {
        [CAPOS_CRASH_CAUSE_DIVIDE_ERROR] = "divide error",
        [CAPOS_CRASH_CAUSE_DEBUG] = "debug trap",
        [CAPOS_CRASH_CAUSE_BREAKPOINT] = "breakpoint",
        [CAPOS_CRASH_CAUSE_OVERFLOW] = "overflow",
        [CAPOS_CRASH_CAUSE_BOUND_RANGE] = "out of bounds",
        [CAPOS_CRASH_CAUSE_INVALID_OPCODE] = "invalid instruction",
        [CAPOS_CRASH_CAUSE_DEVICE_NOT_AVAILABLE] = "no floating point unit",
        [CAPOS_CRASH_CAUSE_GENERAL_PROTECTION] = "general protection fault",
        [CAPOS_CRASH_CAUSE_PAGE_FAULT] = "page fault",
        [CAPOS_CRASH_CAUSE_ALIGNMENT] = "misaligned access",
        [CAPOS_CRASH_CAUSE_FLOATING_POINT] = "floating point error",
        [CAPOS_CRASH_CAUSE_STACK_FAULT] = "stack fault",
        [CAPOS_CRASH_CAUSE_OTHER] = "processor exception",
    };

    return (unsigned)cause < sizeof texts / sizeof texts[0] ? texts[cause] : "unknown exception";
}

static void format_crash(struct format *f, struct capos_crash_record crash) {
    enum capos_crash_cause cause = capos_crash_record_cause(crash);
    uint64_t code = capos_crash_record_code(crash);

    format_text(f, "crashed: ");
    format_text(f, end_cause_text(cause));
    if (cause == CAPOS_CRASH_CAUSE_PAGE_FAULT) {
        format_text(f, code & PAGE_FAULT_EXECUTION ? ", execution of "
                       : code & PAGE_FAULT_WRITE   ? ", a write to "
                                                   : ", a read of ");
        format_address(f, capos_crash_record_address(crash));
    }
    format_text(f, " at ");
    format_address(f, capos_crash_record_instruction(crash));
}

void end_format(struct format *f, struct capos_process_end end) {
    switch (capos_process_end_which(end)) {
    case CAPOS_PROCESS_END_WHICH_EXITED:
        format_text(f, "exited with status ");
        format_i64(f, capos_process_end_exited(end));
        break;
    case CAPOS_PROCESS_END_WHICH_CRASHED:
        format_crash(f, capos_process_end_crashed(end));
        break;
    case CAPOS_PROCESS_END_WHICH_KILLED:
        format_text(f, "was killed");
        break;
    case CAPOS_PROCESS_END_WHICH_SESSION_ENDED:
        format_text(f, "was ended with its session");
        break;
    default:
        format_text(f, "ended in a way that is not known here");
    }
}
