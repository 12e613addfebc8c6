// SPDX-License-Identifier: MIT
// Reading and replacing whole files.
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_FIRST (64u << 10)
#define READ_MOST  (1u << 30)

static const struct span nowhere = {0};

static bool is_standard(const char *name) {
    return strcmp(name, "-") == 0;
}

// Reads to the end into a buffer that grows; false with errno set.
static bool read_all(struct pool *pool, int fd, char **text, size_t *size) {
    size_t room = READ_FIRST;
    *text = pool_alloc(pool, room + 1);
    *size = 0;
    for (;;) {
        ssize_t got = read(fd, *text + *size, room - *size);
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return false;
        if (got > 0)
            *size += (size_t)got;
        if (*size < room)
            continue;
        if (room >= READ_MOST) {
            errno = EFBIG;
            return false;
        }
        char *larger = pool_alloc(pool, 2 * room + 1);
        memcpy(larger, *text, *size);
        *text = larger;
        room *= 2;
    }
}

const struct source *file_read(struct diag *diag, const char *name) {
    bool standard = is_standard(name);
    int fd = standard ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    size_t size = 0;
    bool ok = fd >= 0 && read_all(diag->pool, fd, &text, &size);
    if (!ok)
        diag_error(diag, nowhere, "can't read %s: %s", name, strerror(errno));
    if (fd >= 0 && !standard)
        close(fd);
    struct source *source = pool_alloc(diag->pool, sizeof *source);
    source->name = standard ? "<stdin>" : pool_copy(diag->pool, name, strlen(name));
    source->text = text;
    source->size = size;
    return ok ? source : NULL;
}

static bool write_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t put = write(fd, data, size);
        if (put < 0 && errno != EINTR)
            return false;
        if (put > 0) {
            data += put;
            size -= (size_t)put;
        }
    }
    return true;
}

static bool write_in_place(const char *name, const void *data, size_t size) {
    int fd = open(name, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = write_all(fd, data, size);
    int error = errno;
    if (close(fd) != 0 && ok)
        return false;
    errno = error;
    return ok;
}

static mode_t new_file_mode(void) {
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

// Writes a new file beside the old one and renames it; leaves nothing behind on failure.
static bool replace(char *temporary, const char *target, mode_t mode, const void *data,
                    size_t size) {
    int fd = mkstemp(temporary);
    if (fd < 0)
        return false;
    bool ok = write_all(fd, data, size) && fchmod(fd, mode) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && rename(temporary, target) == 0;
    if (!ok) {
        int error = errno;
        unlink(temporary);
        errno = error;
    }
    return ok;
}

static bool write_file(struct pool *pool, const char *name, const void *data, size_t size) {
    struct stat status;
    mode_t mode = new_file_mode();
    const char *target = name;
    if (stat(name, &status) == 0) {
        if (!S_ISREG(status.st_mode))
            return write_in_place(name, data, size);
        mode = status.st_mode & 0777;
        char *real = realpath(name, NULL);
        if (!real)
            return false;
        target = pool_copy(pool, real, strlen(real));
        free(real);
    }
    return replace(pool_format(pool, "%s.XXXXXX", target), target, mode, data, size);
}

bool file_write(struct diag *diag, const char *name, const void *data, size_t size) {
    bool ok = is_standard(name) ? write_all(STDOUT_FILENO, data, size)
                                : write_file(diag->pool, name, data, size);
    if (!ok)
        diag_error(diag, nowhere, "can't write %s: %s", name, strerror(errno));
    return ok;
}
