// SPDX-License-Identifier: MIT
// While the machine runs; see run_loop.h. One poll over the signals, our terminal and the machine's
// three; nothing blocks anywhere else, so a timeout is always kept and the terminal always
// restored.
#include "run_loop.h"

#include "run_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOP_QUEUE = 65536, LOOP_CHUNK = 4096, LOOP_ESCAPE = 0x1d };
enum { POLL_SIGNALS, POLL_INPUT, POLL_TERMINALS, POLL_COUNT = POLL_TERMINALS + RUN_TERMINALS };

// Bytes on their way to one of the machine's terminals.
struct queue {
    char bytes[LOOP_QUEUE];
    size_t used;
};

struct loop {
    struct guest *guest;
    struct script *script; // or NULL
    struct symbols *symbols;
    struct queue queues[RUN_TERMINALS];
    int signals;
    bool input;        // standard input is still read
    uint64_t deadline; // of the whole run, 0 for none
    bool ended;        // the loop is over
    bool running;      // the machine is
    int status;        // capos-run's, when ended
    const char *why;
};

static uint64_t loop_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void loop_end(struct loop *loop, int status, const char *why) {
    if (loop->ended)
        return;
    loop->ended = true;
    loop->status = status;
    loop->why = why;
}

static void loop_queue(struct loop *loop, unsigned terminal, const char *bytes, size_t size) {
    struct queue *queue = &loop->queues[terminal];
    if (size > sizeof queue->bytes - queue->used) {
        fputs(RUN_TOOL ": the machine does not read what it is sent\n", stderr);
        size = sizeof queue->bytes - queue->used;
    }
    memcpy(queue->bytes + queue->used, bytes, size);
    queue->used += size;
}

static void loop_flush_queue(struct loop *loop, unsigned terminal) {
    struct queue *queue = &loop->queues[terminal];
    ssize_t sent = write(loop->guest->terminal[terminal], queue->bytes, queue->used);
    if (sent <= 0)
        return;
    queue->used -= (size_t)sent;
    memmove(queue->bytes, queue->bytes + sent, queue->used);
}

static void loop_show(struct loop *loop, unsigned terminal, const char *text, size_t size) {
    if (loop->script != NULL)
        script_output(loop->script, terminal, text, size);
    else if (terminal == 0)
        fwrite(text, 1, size, stdout);
}

// COM1 passes through the symbols, which add names to a panic's lines.
static void loop_output(struct loop *loop, unsigned terminal, const char *text, size_t size) {
    for (size_t i = 0; terminal == 0 && i < size; i++) {
        const char *name = symbols_feed(loop->symbols, text[i]);
        loop_show(loop, terminal, name, strlen(name));
        loop_show(loop, terminal, &text[i], 1);
    }
    if (terminal != 0)
        loop_show(loop, terminal, text, size);
    if (loop->script == NULL)
        fflush(stdout);
}

// Reads what a terminal has; false when there is nothing now.
static bool loop_read(struct loop *loop, unsigned terminal) {
    char buffer[LOOP_CHUNK];
    int *descriptor = &loop->guest->terminal[terminal];
    if (*descriptor < 0)
        return false;
    ssize_t got = read(*descriptor, buffer, sizeof buffer);
    if (got > 0)
        loop_output(loop, terminal, buffer, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        close(*descriptor);
        *descriptor = -1;
    }
    return got > 0;
}

static void loop_input(struct loop *loop) {
    char buffer[LOOP_CHUNK];
    ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
    if (got <= 0) {
        loop->input = false;
        return;
    }
    const char *escape = terminal_is_raw() ? memchr(buffer, LOOP_ESCAPE, (size_t)got) : NULL;
    if (escape != NULL)
        loop_end(loop, 0, "it was ended from the terminal");
    else
        loop_queue(loop, 0, buffer, (size_t)got);
}

static void loop_signal(struct loop *loop) {
    struct signalfd_siginfo info;
    int status;
    if (read(loop->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    if (info.ssi_signo != SIGCHLD) {
        loop_end(loop, 128 + (int)info.ssi_signo, "capos-run was ended by a signal");
        return;
    }
    if (waitpid(loop->guest->process, &status, WNOHANG) != loop->guest->process)
        return;
    loop->running = false;
    for (unsigned i = 0; i < RUN_TERMINALS; i++)
        while (loop_read(loop, i))
            continue;
    loop_end(loop, guest_status(status), "the machine ended");
}

static void loop_script(struct loop *loop) {
    const struct script_command *send = NULL;
    while (loop->script != NULL && !loop->ended) {
        enum script_state state = script_step(loop->script, loop_now(), &send);
        if (state == SCRIPT_WAITS)
            return;
        if (state == SCRIPT_SENDS)
            loop_queue(loop, send->terminal, send->text, send->size);
        else
            loop_end(loop, -1, "it did not come in time");
    }
}

// Milliseconds until something is due, or -1.
static int loop_wait(const struct loop *loop) {
    uint64_t due = loop->deadline, now = loop_now();
    if (loop->script != NULL && loop->script->deadline != 0 &&
        (due == 0 || loop->script->deadline < due))
        due = loop->script->deadline;
    if (due == 0)
        return -1;
    return due <= now ? 0 : due - now > 60000 ? 60000 : (int)(due - now);
}

static void loop_poll(struct loop *loop) {
    struct pollfd polled[POLL_COUNT];
    bool full = loop->queues[0].used > LOOP_QUEUE / 2;
    polled[POLL_SIGNALS] = (struct pollfd){.fd = loop->signals, .events = POLLIN};
    polled[POLL_INPUT] =
        (struct pollfd){.fd = loop->input && !full ? STDIN_FILENO : -1, .events = POLLIN};
    for (int i = 0; i < RUN_TERMINALS; i++)
        polled[POLL_TERMINALS + i] =
            (struct pollfd){.fd = loop->guest->terminal[i],
                            .events = (short)(POLLIN | (loop->queues[i].used > 0 ? POLLOUT : 0))};
    if (poll(polled, POLL_COUNT, loop_wait(loop)) < 0)
        return;
    for (unsigned i = 0; i < RUN_TERMINALS; i++) {
        if (polled[POLL_TERMINALS + i].revents & POLLOUT)
            loop_flush_queue(loop, i);
        if (polled[POLL_TERMINALS + i].revents & (POLLIN | POLLHUP | POLLERR))
            loop_read(loop, i);
    }
    if (polled[POLL_INPUT].revents)
        loop_input(loop);
    if (polled[POLL_SIGNALS].revents)
        loop_signal(loop);
    if (loop->deadline != 0 && loop_now() >= loop->deadline)
        loop_end(loop, RUN_TIMEOUT, "the time is over");
}

static bool loop_signals(struct loop *loop) {
    static const int numbers[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaddset(&set, numbers[i]);
    // A closed terminal of the machine's is seen when it is read.
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return false;
    loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return loop->signals >= 0;
}

static void loop_main(struct loop *loop, const struct run_options *options) {
    for (int i = 0; i < RUN_TERMINALS; i++)
        fcntl(loop->guest->terminal[i], F_SETFL, O_NONBLOCK);
    if (options->timeout != 0)
        loop->deadline = loop_now() + options->timeout * 1000;
    loop->input = loop->script == NULL && !options->headless;
    if (loop->input)
        terminal_raw();
    if (loop->script != NULL)
        script_begin(loop->script);
    loop_script(loop);
    while (!loop->ended) {
        loop_poll(loop);
        loop_script(loop);
    }
    terminal_restore();
}

int loop_run(struct guest *guest, const struct run_options *options, struct script *script,
             struct symbols *symbols) {
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL || !loop_signals(loop)) {
        perror(RUN_TOOL);
        guest_end(guest, true);
        free(loop);
        return RUN_NOT_STARTED;
    }
    loop->guest = guest;
    loop->script = script;
    loop->symbols = symbols;
    loop->running = true;
    // The machine may have ended before its end could be seen.
    kill(getpid(), SIGCHLD);
    loop_main(loop, options);
    if (loop->running)
        guest_end(guest, true);
    int status = loop->status;
    if (script != NULL)
        status = script_end(script, loop->running ? -1 : status, loop->why);
    else if (status == RUN_TIMEOUT && loop->running)
        fprintf(stderr, RUN_TOOL ": still running after %lu seconds\n", options->timeout);
    close(loop->signals);
    free(loop);
    return status;
}
