// SPDX-License-Identifier: MIT
//
// See guest.h. The kernel's command line says what to do: bench=rows (all of them), bench=boot
// (only tell when this program began) or bench=speedup. Prints, as measure/main.c does,
//
//     bench NAME LEAST MEDIAN OPERATIONS
//
// and `init TICKS`, the time stamp counter when this program began. Then /capnp, if it is there,
// prints its own rows. The last line is `done`.
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "sample.h"

static pid_t child;

static void power_off(void) {
    fflush(stdout);
    tcdrain(STDOUT_FILENO);
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}

void die(const char *what) {
    printf("failed %s: %s\n", what, strerror(errno));
    power_off();
    __builtin_unreachable();
}

void start_child(void (*run)(void)) {
    child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        run();
        _exit(1);
    }
}

void kill_child(void) {
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void measure(const struct row *row) {
    struct samples samples;

    if (row->prepare != NULL)
        row->prepare(row->size);
    for (int i = -WARM_UP; i < SAMPLES; i++) {
        sample_begin(&samples, i);
        row->sample(row->operations);
        sample_end(&samples, i);
    }
    samples_report(&samples, row->name, row->operations);
    if (row->finish != NULL)
        row->finish();
}

static void measure_all(void) {
    static const struct rows *const groups[] = {&rows_kernel, &rows_pingpong, &rows_memory,
                                                &rows_process, &rows_last};

    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        for (size_t i = 0; i < groups[g]->count; i++)
            measure(&groups[g]->rows[i]);
}

static void run_capnp(void) {
    pid_t process = fork();

    if (process == 0) {
        execl("/capnp", "capnp", (char *)NULL);
        _exit(127);
    }
    waitpid(process, NULL, 0);
}

static void mount_all(void) {
    mkdir("/proc", 0755);
    mkdir("/dev", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    int quiet = open("/proc/sys/kernel/printk", O_WRONLY);

    if (quiet >= 0 && write(quiet, "1 1 1 1", 7) != 7)
        die("printk");
    close(quiet);
}

static void read_command_line(char *line, size_t size) {
    int file = open("/proc/cmdline", O_RDONLY);
    ssize_t count = read(file, line, size - 1);

    line[count > 0 ? count : 0] = '\0';
    close(file);
}

static void stay_on_cpu_0(void) {
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(0, &set);
    sched_setaffinity(0, sizeof set, &set);
}

int main(void) {
    uint64_t began = ticks();
    char line[512];

    if (getpid() != 1)
        return 1; // it mounts and switches off: it must be the only program
    mount_all();
    read_command_line(line, sizeof line);
    printf("\ninit %llu\n", (unsigned long long)began);
    if (strstr(line, "bench=speedup") != NULL) {
        speedup();
    } else if (strstr(line, "bench=rows") != NULL) {
        stay_on_cpu_0();
        measure_all();
        fflush(stdout);
        if (access("/capnp", X_OK) == 0)
            run_capnp();
    }
    printf("done\n");
    power_off();
}
