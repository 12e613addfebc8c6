// SPDX-License-Identifier: MIT
//
// A client that never lets its service rest: calls it again and again, whoever serves it just now.
// Each call must be answered or end `disconnected`; anything else is exit status 3. When the
// service is gone it asks its second grant, `stop`, an Echo that somebody serves once all is over,
// and then ends: status 0 if the service has ever answered. Its load is what it was granted: `echo`
// or `terminal`; with `reader` it waits for lines that never come.
#include "base/format.h"
#include "capos/runtime.h"
#include "schemas/demo/echo.capos.h"
#include "schemas/terminal.capos.h"
#include "schemas/time.capos.h"

enum { BAD_OUTCOME = 3, NO_ANSWER = 4, PAUSE_NS = 100000, TEXT = 600 };

static struct demo_echo echo, stop;
static struct capos_terminal terminal;
static struct capos_timer timer;
static bool reads;
static uint64_t answers, losses;

static void pause(void) {
    struct capos_timer_now_results now;
    struct capos_timer_sleep_until_results slept;
    struct capos_call call;
    uint64_t time;

    if (capos_timer_now(&call, capos_ring(), timer, &now) != CAPOS_DONE)
        capos_exit(BAD_OUTCOME);
    time = capos_timer_now_results_nanoseconds(now);
    capos_call_release(&call);
    (void)capos_timer_sleep_until(&call, capos_ring(), timer, time + PAUSE_NS, &slept);
    capos_call_release(&call);
}

static int call_echo(struct capos_call *call) {
    static char text[TEXT];
    struct demo_echo_say_results results;
    struct capos_text said = {text, TEXT - 1};
    int outcome;

    text[answers % (TEXT - 1)] = (char)('a' + answers % 26);
    for (unsigned i = 0; i < TEXT - 1; i++)
        text[i] = text[i] == 0 ? '.' : text[i];
    outcome = demo_echo_say(call, capos_ring(), echo, said, &results);
    if (outcome == CAPOS_DONE && demo_echo_say_results_text(results).size != TEXT - 1)
        capos_exit(BAD_OUTCOME);
    return outcome;
}

static int call_terminal(struct capos_call *call) {
    struct capos_terminal_write_results written;
    struct capos_terminal_read_line_results line;
    struct capos_data dot = {(const uint8_t *)".", 1};

    if (reads)
        return capos_terminal_read_line(call, capos_ring(), terminal, capos_text_of("> "), false,
                                        &line);
    return capos_terminal_write(call, capos_ring(), terminal, dot, &written);
}

static bool is_over(void) {
    struct demo_echo_ping_results results;
    struct capos_call call;
    int outcome = demo_echo_ping(&call, capos_ring(), stop, &results);

    capos_call_release(&call);
    return outcome == CAPOS_DONE;
}

static void tell(void) {
    char text[120];
    struct format f;

    format_init(&f, text, sizeof text);
    format_text(&f, "# ");
    format_u64(&f, answers);
    format_text(&f, " answers, ");
    format_u64(&f, losses);
    format_text(&f, reads ? " disconnected (reader)\n" : " disconnected\n");
    capos_print_bytes(text, f.used);
}

int main(void) {
    struct capos_call call;
    int outcome;

    echo.id = capos_grant("echo", DEMO_ECHO_INTERFACE_ID);
    terminal.id = capos_grant("service", CAPOS_TERMINAL_INTERFACE_ID);
    reads = capos_grant("reader", CAPOS_TIMER_INTERFACE_ID) != 0;
    stop.id = capos_need("stop", DEMO_ECHO_INTERFACE_ID);
    timer.id = capos_need("timer", CAPOS_TIMER_INTERFACE_ID);
    for (;;) {
        outcome = echo.id != 0 ? call_echo(&call) : call_terminal(&call);
        capos_call_release(&call);
        if (outcome == CAPOS_DONE) {
            answers++;
            continue;
        }
        if (outcome != -CAPOS_STATUS_DISCONNECTED && outcome != CAPOS_DISCONNECTED)
            return BAD_OUTCOME;
        losses++;
        if (is_over())
            break;
        pause();
    }
    tell();
    return answers > 0 || reads ? 0 : NO_ANSWER;
}
