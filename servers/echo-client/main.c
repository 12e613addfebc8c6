// SPDX-License-Identifier: MIT
//
// echo-client: calls each method of the Echo that it was granted as `echo`, and says what came
// back. Exit status: 0 when every answer was right, 1 when one was wrong or failed.
#include "capos/runtime.h"

#include "base/format.h"
#include "base/text.h"
#include "capos/exception.h"
#include "schemas/demo/echo.capos.h"

enum { PINGS = 8 };

static struct demo_echo echo;

static bool failed(const char *what, const struct capos_call *call) {
    char text[200];
    struct format f;

    format_init(&f, text, sizeof text);
    format_text(&f, what);
    format_text(&f, " failed: ");
    format_text(&f, call->reason);
    format_text(&f, "\n");
    capos_print(text);
    return false;
}

// One line of text, in one piece: others may write in between.
static void print_answer(const char *what, struct capos_text answer) {
    char text[200];
    struct format f;

    format_init(&f, text, sizeof text);
    format_text(&f, what);
    format_escaped(&f, answer.data, answer.size);
    format_text(&f, "\n");
    capos_print(text);
}

// A call in one step: begin, send, wait.
static bool say(const char *text) {
    struct demo_echo_say_results results;
    struct capos_call call;
    bool right = false;

    if (demo_echo_say(&call, capos_ring(), echo, capos_text_of(text), &results) == CAPOS_DONE) {
        struct capos_text answer = demo_echo_say_results_text(results);
        right = text_is(answer.data, answer.size, text);
        print_answer(right ? "echo said: " : "echo said something else: ", answer);
    } else {
        failed("say", &call);
    }
    capos_call_release(&call);
    return right;
}

// A call whose params are built piece by piece.
static bool sample(void) {
    struct demo_echo_sample_results results;
    struct capos_call call;
    bool right = false;
    struct demo_sample_builder params =
        demo_echo_sample_params_init_sample(demo_echo_sample_begin(&call, capos_ring(), echo));

    demo_sample_set_a(params, 41);
    demo_sample_set_h(params, UINT64_MAX);
    if (demo_echo_sample_call(&call, &results) == CAPOS_DONE) {
        struct demo_sample answer = demo_echo_sample_results_sample(results);
        right =
            demo_sample_a(answer) == 42 && demo_sample_b(answer) == 1 && demo_sample_h(answer) == 0;
        capos_print(right ? "each number came back greater by one\n"
                          : "the numbers that came back are wrong\n");
    } else {
        failed("sample", &call);
    }
    capos_call_release(&call);
    return right;
}

// Several calls on their way at once: all are sent with the first wait, in one system call.
static bool pings(void) {
    struct demo_echo_ping_results results;
    struct capos_call calls[PINGS];
    bool right = true;

    for (int i = 0; i < PINGS; i++) {
        demo_echo_ping_begin(&calls[i], capos_ring(), echo);
        right = demo_echo_ping_send(&calls[i]) == CAPOS_DONE && right;
    }
    for (int i = 0; i < PINGS; i++) {
        if (demo_echo_ping_wait(&calls[i], &results) != CAPOS_DONE)
            right = failed("ping", &calls[i]);
        capos_call_release(&calls[i]);
    }
    if (right)
        capos_print("8 pings at once were answered\n");
    return right;
}

int main(void) {
    echo.id = capos_need("echo", DEMO_ECHO_INTERFACE_ID);
    bool right = say("hello, is anybody there?");

    right = sample() && right;
    right = pings() && right;
    return right ? 0 : 1;
}
