// SPDX-License-Identifier: MIT
// The QEMU process; see run_guest.h.
#include "run_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GUEST_ARGUMENTS = 96, GUEST_TEXT = 512, EXEC_FAILED = 127 };

// What isa-debug-exit makes of the value that the kernel wrote: (value << 1) | 1.
enum { GUEST_STATUS = 0x10, GUEST_STATUS_MAX = 100, GUEST_PANIC = 0x7f };

// QEMU's arguments, each of its own memory.
struct arguments {
    char *text[GUEST_ARGUMENTS + 1];
    unsigned count;
};

static void arguments_add(struct arguments *arguments, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void arguments_add(struct arguments *arguments, const char *format, ...) {
    va_list values;
    va_start(values, format);
    if (arguments->count == GUEST_ARGUMENTS ||
        vasprintf(&arguments->text[arguments->count], format, values) < 0) {
        fputs(RUN_TOOL ": too many arguments for QEMU\n", stderr);
        exit(RUN_NOT_STARTED);
    }
    va_end(values);
    arguments->text[++arguments->count] = NULL;
}

static void arguments_fini(struct arguments *arguments) {
    for (unsigned i = 0; i < arguments->count; i++)
        free(arguments->text[i]);
}

static void arguments_pair(struct arguments *arguments, const char *option, const char *value) {
    arguments_add(arguments, "%s", option);
    arguments_add(arguments, "%s", value);
}

static void guest_machine(struct arguments *arguments, const struct run_options *options) {
    arguments_pair(arguments, "-machine", "q35");
    arguments_pair(arguments, "-accel", options->accelerator);
    arguments_pair(arguments, "-cpu", options->cpu);
    arguments_add(arguments, "-smp");
    arguments_add(arguments, "%lu", options->cpus);
    arguments_add(arguments, "-m");
    arguments_add(arguments, "%lu", options->memory);
    arguments_add(arguments, "-nodefaults");
    arguments_pair(arguments, "-display", "none");
    arguments_add(arguments, "-no-reboot");
    arguments_pair(arguments, "-device", "isa-debug-exit,iobase=0xf4,iosize=4");
}

static void guest_image(struct arguments *arguments, const struct run_options *options) {
    if (!options->direct) {
        arguments_pair(arguments, "-cdrom", options->image);
        if (options->uefi)
            arguments_pair(arguments, "-bios", OVMF_FILE);
        return;
    }
    arguments_pair(arguments, "-kernel", options->image);
    if (options->archive != NULL)
        arguments_pair(arguments, "-initrd", options->archive);
    if (options->command_line != NULL)
        arguments_pair(arguments, "-append", options->command_line);
}

static void guest_serial(struct arguments *arguments, const struct run_options *options,
                         const int theirs[RUN_TERMINALS]) {
    for (int i = 0; i < RUN_TERMINALS; i++) {
        arguments_add(arguments, "-chardev");
        arguments_add(arguments, "socket,id=terminal%d,fd=%d", i, theirs[i]);
        arguments_add(arguments, "-serial");
        arguments_add(arguments, "chardev:terminal%d", i);
    }
    if (options->log != NULL) {
        arguments_add(arguments, "-serial");
        arguments_add(arguments, "file:%s", options->log);
    }
}

// In the child: nothing but what exec needs.
static void guest_exec(const struct arguments *arguments, const int theirs[RUN_TERMINALS],
                       pid_t parent) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    // A signal to the terminal's process group is for us to handle.
    setpgid(0, 0);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(2, 1) < 0)
        _exit(EXEC_FAILED);
    for (int i = 0; i < RUN_TERMINALS; i++)
        fcntl(theirs[i], F_SETFD, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXEC_FAILED);
    execvp(QEMU_PROGRAM, arguments->text);
    dprintf(2, RUN_TOOL ": %s can't be run: %s (Debian: apt-get install qemu-system-x86)\n",
            QEMU_PROGRAM, strerror(errno));
    _exit(EXEC_FAILED);
}

bool guest_start(struct guest *guest, const struct run_options *options) {
    struct arguments arguments = {.count = 0};
    int theirs[RUN_TERMINALS];
    pid_t parent = getpid();
    for (int i = 0; i < RUN_TERMINALS; i++) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
            perror(RUN_TOOL ": socketpair");
            return false;
        }
        guest->terminal[i] = pair[0];
        theirs[i] = pair[1];
    }
    arguments_add(&arguments, "%s", QEMU_PROGRAM);
    guest_machine(&arguments, options);
    guest_image(&arguments, options);
    guest_serial(&arguments, options, theirs);
    for (unsigned i = 0; i < options->extra_count; i++)
        arguments_add(&arguments, "%s", options->extra[i]);
    guest->process = fork();
    if (guest->process == 0)
        guest_exec(&arguments, theirs, parent);
    if (guest->process < 0)
        perror(RUN_TOOL ": fork");
    for (int i = 0; i < RUN_TERMINALS; i++)
        close(theirs[i]);
    arguments_fini(&arguments);
    return guest->process > 0;
}

int guest_end(struct guest *guest, bool running) {
    int status = 0;
    if (running)
        kill(guest->process, SIGKILL);
    while (waitpid(guest->process, &status, 0) < 0 && errno == EINTR)
        continue;
    for (int i = 0; i < RUN_TERMINALS; i++)
        if (guest->terminal[i] >= 0)
            close(guest->terminal[i]);
    return status;
}

int guest_status(int wait_status) {
    if (!WIFEXITED(wait_status)) {
        fprintf(stderr, RUN_TOOL ": QEMU was ended by signal %d\n", WTERMSIG(wait_status));
        return RUN_NOT_STARTED;
    }
    int status = WEXITSTATUS(wait_status);
    int value = status >> 1;
    if (status == 0) {
        fputs(RUN_TOOL ": the machine was reset\n", stderr);
        return RUN_PANIC;
    }
    if (status & 1 && value == GUEST_PANIC)
        return RUN_PANIC;
    if (status & 1 && value >= GUEST_STATUS && value <= GUEST_STATUS + GUEST_STATUS_MAX)
        return value - GUEST_STATUS;
    fprintf(stderr, RUN_TOOL ": QEMU failed with status %d\n", status);
    return RUN_NOT_STARTED;
}
