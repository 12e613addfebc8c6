// SPDX-License-Identifier: MIT
// Writing files by way of a temporary one beside them.
#include "capnpc-capos/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain(const char *path) {
    fprintf(stderr, "capnpc-capos: %s: %s\n", path, strerror(errno));
    return false;
}

static bool make_folders(struct arena *arena, const char *path) {
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        const char *folder = arena_copy(arena, path, (size_t)(slash - path));
        if (slash != path && mkdir(folder, 0777) != 0 && errno != EEXIST)
            return complain(folder);
    }
    return true;
}

static bool write_all(const char *path, const char *data, size_t size) {
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return complain(path);
    bool written = fwrite(data, 1, size, file) == size;
    return fclose(file) == 0 && written ? true : complain(path);
}

bool output_write(struct arena *arena, const char *path, const char *data, size_t size) {
    const char *temporary = arena_printf(arena, "%s.%ld.tmp", path, (long)getpid());
    if (!make_folders(arena, path))
        return false;
    if (write_all(temporary, data, size) && rename(temporary, path) == 0)
        return true;
    complain(path);
    unlink(temporary);
    return false;
}
