// SPDX-License-Identifier: MIT
// capos-run on a terminal: raw while the machine runs, and as it was before whatever ends it:
// Ctrl-], a signal, the time limit, the machine itself. The terminal is a pseudo-terminal of this
// test's.
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE = 200, STEP_US = 100000, ARGUMENTS = 12 };

static int terminal_controller, terminal_side;
static int terminal_tests;

static void terminal_ok(bool ok, const char *name) {
    printf("%s %d - %s\n", ok ? "ok" : "not ok", ++terminal_tests, name);
    fflush(stdout);
}

static void terminal_open(void) {
    terminal_controller = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal_controller < 0 || grantpt(terminal_controller) != 0 ||
        unlockpt(terminal_controller) != 0 ||
        (terminal_side = open(ptsname(terminal_controller), O_RDWR | O_NOCTTY)) < 0) {
        perror("Bail out! no pseudo-terminal");
        exit(99);
    }
    fcntl(terminal_controller, F_SETFL, O_NONBLOCK);
}

// Starts capos-run on the terminal, with the arguments given and the kernel last.
static pid_t terminal_start(const char *const *arguments) {
    char run[4096], kernel[4096];
    char direct[] = "--direct";
    char *argv[ARGUMENTS + 1] = {run, direct};
    int count = 2;
    const char *top = getenv("top_builddir");
    snprintf(run, sizeof run, "%s/captool/capos-run", top);
    snprintf(kernel, sizeof kernel, "%s/kernel/capos.elf", top);
    while (*arguments != NULL && count < ARGUMENTS - 1)
        argv[count++] = (char *)*arguments++;
    argv[count] = kernel;
    pid_t child = fork();
    if (child != 0)
        return child;
    setsid();
    ioctl(terminal_side, TIOCSCTTY, 0);
    for (int i = 0; i < 3; i++)
        dup2(terminal_side, i);
    execv(run, argv);
    _exit(127);
}

static bool terminal_is_raw(void) {
    struct termios now;
    return tcgetattr(terminal_side, &now) == 0 && !(now.c_lflag & (ICANON | ECHO | ISIG));
}

// Reads away what the machine says, so that it never waits for us.
static void terminal_drain(void) {
    char buffer[4096];
    while (read(terminal_controller, buffer, sizeof buffer) > 0)
        continue;
}

static bool terminal_becomes_raw(void) {
    for (int i = 0; i < PATIENCE && !terminal_is_raw(); i++)
        usleep(STEP_US);
    return terminal_is_raw();
}

// capos-run's status as a shell would say it; -1 when it does not end.
static int terminal_wait(pid_t child) {
    int status;
    for (int i = 0; i < PATIENCE; i++) {
        terminal_drain();
        if (waitpid(child, &status, WNOHANG) == child)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        usleep(STEP_US);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return -1;
}

static bool terminal_same(const struct termios *before) {
    struct termios now;
    return tcgetattr(terminal_side, &now) == 0 && now.c_lflag == before->c_lflag &&
           now.c_iflag == before->c_iflag && now.c_oflag == before->c_oflag &&
           now.c_cflag == before->c_cflag && memcmp(now.c_cc, before->c_cc, sizeof now.c_cc) == 0;
}

int main(void) {
    static const char *const paused[] = {"--qemu", "-S", NULL};
    static const char *const limited[] = {"--qemu", "-S", "--timeout", "1", NULL};
    static const char *const itself[] = {NULL};
    const char *qemu = getenv("QEMU");
    struct termios before;
    if (qemu == NULL || strcmp(qemu, "no") == 0) {
        puts("1..0 # SKIP qemu-system-x86_64 is not installed");
        return 0;
    }
    puts("1..9");
    terminal_open();
    tcgetattr(terminal_side, &before);

    pid_t child = terminal_start(paused);
    terminal_ok(terminal_becomes_raw(), "the terminal is raw while the machine runs");
    terminal_ok(write(terminal_controller, "abc\x1d", 4) == 4 && terminal_wait(child) == 0,
                "Ctrl-] ends the machine");
    terminal_ok(terminal_same(&before), "then the terminal is as it was");

    child = terminal_start(paused);
    terminal_ok(terminal_becomes_raw() && kill(child, SIGTERM) == 0 &&
                    terminal_wait(child) == 128 + SIGTERM,
                "a signal ends the machine");
    terminal_ok(terminal_same(&before), "then the terminal is as it was");

    child = terminal_start(limited);
    terminal_ok(terminal_wait(child) == 124, "the time limit ends the machine");
    terminal_ok(terminal_same(&before), "then the terminal is as it was");

    child = terminal_start(itself);
    terminal_ok(terminal_wait(child) == 0, "the machine ends by itself");
    terminal_ok(terminal_same(&before), "then the terminal is as it was");
    return 0;
}
