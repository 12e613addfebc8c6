// SPDX-License-Identifier: MIT
// The work folder of an image's making; see mkimage_work.h.
#include "mkimage_work.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WORK_DEPTH = 16 };

static bool work_fail(const char *path) {
    fprintf(stderr, "capos-mkimage: %s: %s\n", path, strerror(errno));
    return false;
}

char *work_format(const char *format, ...) {
    va_list arguments;
    char *text;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0) {
        fputs("capos-mkimage: out of memory\n", stderr);
        exit(1);
    }
    va_end(arguments);
    return text;
}

char *work_path(const struct work *work, const char *name) {
    return work_format("%s/%s", work->path, name);
}

bool work_init(struct work *work) {
    const char *parent = getenv("TMPDIR");
    work->path = work_format("%s/capos-mkimage.XXXXXX", parent && *parent ? parent : "/tmp");
    if (mkdtemp(work->path) != NULL)
        return true;
    work_fail(work->path);
    free(work->path);
    return false;
}

static int work_remove(const char *path, const struct stat *status, int type, struct FTW *where) {
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

void work_fini(struct work *work) {
    if (nftw(work->path, work_remove, WORK_DEPTH, FTW_DEPTH | FTW_PHYS) != 0)
        work_fail(work->path);
    free(work->path);
}

bool work_folder(const struct work *work, const char *name) {
    char *path = work_path(work, name);
    bool ok = mkdir(path, 0755) == 0 || work_fail(path);
    free(path);
    return ok;
}

bool work_write(const struct work *work, const char *name, const void *data, size_t size) {
    char *path = work_path(work, name);
    FILE *file = fopen(path, "wb");
    bool ok = file != NULL && (size == 0 || fwrite(data, 1, size, file) == size);
    if (file != NULL && fclose(file) != 0)
        ok = false;
    if (!ok)
        work_fail(path);
    free(path);
    return ok;
}

bool work_size(const struct work *work, const char *name, size_t *size) {
    struct stat status;
    char *path = work_path(work, name);
    bool ok = stat(path, &status) == 0 || work_fail(path);
    if (ok)
        *size = (size_t)status.st_size;
    free(path);
    return ok;
}

static time_t work_epoch(void) {
    const char *text = getenv("SOURCE_DATE_EPOCH");
    return text ? (time_t)strtoll(text, NULL, 10) : 0;
}

bool work_date(const struct work *work, const char *name) {
    const struct timespec times[2] = {{.tv_sec = work_epoch()}, {.tv_sec = work_epoch()}};
    char *path = work_path(work, name);
    bool ok = utimensat(-1, path, times, 0) == 0 || work_fail(path);
    free(path);
    return ok;
}

void work_date_text(char text[static 32]) {
    time_t epoch = work_epoch();
    struct tm date;
    if (gmtime_r(&epoch, &date) == NULL || strftime(text, 32, "%Y%m%d%H%M%S00", &date) == 0)
        text[0] = '\0';
}
