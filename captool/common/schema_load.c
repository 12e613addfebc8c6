// SPDX-License-Identifier: MIT
// Running the schema compiler: `capnp compile -o-` writes the request that plugins read.
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "captool/common/schema.h"

extern char **environ;

// The schema compiler's name, if it is not the one in PATH.
#define PROGRAM_VARIABLE "CAPNP"

// Starts it with its output going to the file; an errno value when that fails.
static int start(const char *const argv[], int output, pid_t *child) {
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawnp(child, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static const char *const *arguments(struct pool *pool, const char *program, const char *file,
                                    const struct schema_folders *folders) {
    const char **argv = pool_array(pool, folders->count + 5, sizeof *argv);
    size_t count = 0;
    argv[count++] = program;
    argv[count++] = "compile";
    argv[count++] = "-o-";
    for (size_t i = 0; i < folders->count; i++)
        argv[count++] = pool_format(pool, "-I%s", folders->names[i]);
    argv[count++] = file;
    argv[count] = NULL;
    return argv;
}

// Runs it to its end. What it has to say goes to standard error by itself.
static bool run(struct diag *diag, const char *file, const struct schema_folders *folders,
                int output) {
    const char *set = getenv(PROGRAM_VARIABLE);
    const char *program = set && *set ? set : "capnp";
    const char *const *argv = arguments(diag->pool, program, file, folders);
    pid_t child;
    int status;
    int error = start(argv, output, &child);
    if (error != 0) {
        diag_error(diag, (struct span){0}, "can't run %s: %s%s", program, strerror(error),
                   error == ENOENT ? " (on Debian: apt-get install capnproto)" : "");
        return false;
    }
    while (waitpid(child, &status, 0) != child)
        if (errno != EINTR)
            return false;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    diag_error(diag, (struct span){0}, "found a schema that %s refuses, expected %s to be sound",
               program, file);
    return false;
}

static const struct schema *read_request(struct diag *diag, const char *file, FILE *output) {
    struct stat status;
    size_t size = fstat(fileno(output), &status) == 0 ? (size_t)status.st_size : 0;
    uint64_t *words = pool_alloc(diag->pool, size);
    rewind(output);
    if (fread(words, 1, size, output) == size) {
        const struct schema *schema = schema_of_request(diag->pool, words, size / 8);
        if (schema)
            return schema;
    }
    diag_error(diag, (struct span){0}, "found an answer of capnp for %s that can't be read", file);
    return NULL;
}

const struct schema *schema_load(struct diag *diag, const char *file,
                                 const struct schema_folders *folders) {
    FILE *output = tmpfile();
    if (!output) {
        diag_error(diag, (struct span){0}, "can't make a temporary file: %s", strerror(errno));
        return NULL;
    }
    struct schema *schema = NULL;
    if (run(diag, file, folders, fileno(output)))
        schema = (struct schema *)read_request(diag, file, output);
    fclose(output);
    if (schema) {
        schema->builtin = schema_builtin(diag->pool);
        schema->file = pool_copy(diag->pool, file, strlen(file));
    }
    return schema;
}
