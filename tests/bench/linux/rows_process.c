// SPDX-License-Identifier: MIT
//
// Processes and threads: started and waited for; and a mutex that nobody else wants.
#define _GNU_SOURCE
#include "guest.h"

#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static void spawn_wait(unsigned operations) {
    char *arguments[] = {"/minimal", NULL};
    int status;

    for (unsigned i = 0; i < operations; i++) {
        pid_t process;

        if (posix_spawn(&process, "/minimal", NULL, NULL, arguments, environ) != 0 ||
            waitpid(process, &status, 0) != process || status != 0)
            die("/minimal");
    }
}

static void *nothing(void *argument) {
    return argument;
}

static void create_join(unsigned operations) {
    for (unsigned i = 0; i < operations; i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
            die("pthread_create");
    }
}

static void lock_unlock(unsigned operations) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    for (unsigned i = 0; i < operations; i++) {
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
    }
}

static const struct row rows[] = {
    {"spawn_wait", 10, NULL, spawn_wait, NULL, 0},
    {"pthread_create_join", 20, NULL, create_join, NULL, 0},
    {"pthread_mutex", 1000, NULL, lock_unlock, NULL, 0},
};

const struct rows rows_process = {rows, sizeof rows / sizeof rows[0]};
