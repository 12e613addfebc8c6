// SPDX-License-Identifier: MIT
// Running other programs; see spawn.h. What a program says goes to a temporary file without a name,
// so that a talkative one can't block and a silent one costs nothing.
#include "host/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { SPAWN_SHOWN = 2000, SPAWN_NOT_FOUND = 127 };

// Starts it; an errno value when that fails.
static int spawn_start(const char *const argv[], int said, pid_t *child) {
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, said, 1);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, said, 2);
    if (error == 0)
        error = posix_spawnp(child, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void spawn_show(FILE *said) {
    char text[SPAWN_SHOWN + 1];
    long size = fseek(said, 0, SEEK_END) == 0 ? ftell(said) : 0;
    if (size <= 0 || fseek(said, size > SPAWN_SHOWN ? size - SPAWN_SHOWN : 0, SEEK_SET) != 0)
        return;
    size_t got = fread(text, 1, SPAWN_SHOWN, said);
    fwrite(text, 1, got, stderr);
    if (got > 0 && text[got - 1] != '\n')
        fputc('\n', stderr);
}

static bool spawn_judge(const char *tool, const char *name, int status, FILE *said) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFEXITED(status))
        fprintf(stderr, "%s: %s failed with status %d:\n", tool, name, WEXITSTATUS(status));
    else
        fprintf(stderr, "%s: %s was ended by signal %d:\n", tool, name, WTERMSIG(status));
    spawn_show(said);
    return false;
}

bool spawn_run(const char *tool, const char *package, const char *const argv[]) {
    FILE *said = tmpfile();
    pid_t child;
    int status;
    if (said == NULL) {
        fprintf(stderr, "%s: no temporary file: %s\n", tool, strerror(errno));
        return false;
    }
    int error = spawn_start(argv, fileno(said), &child);
    bool ok = false;
    if (error == ENOENT)
        fprintf(stderr, "%s: %s is not installed (Debian: apt-get install %s)\n", tool, argv[0],
                package);
    else if (error != 0)
        fprintf(stderr, "%s: %s can't be run: %s\n", tool, argv[0], strerror(error));
    else if (waitpid(child, &status, 0) != child)
        fprintf(stderr, "%s: %s: %s\n", tool, argv[0], strerror(errno));
    else
        ok = spawn_judge(tool, argv[0], status, said);
    fclose(said);
    return ok;
}
