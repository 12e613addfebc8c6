// SPDX-License-Identifier: MIT
//
// initrd: writes the first file system of a Linux guest to standard output (a cpio archive in the
// new ASCII format): /dev/console and the files that the arguments name, as NAME=FILE, executable.
// The same files make the same bytes; no privilege is needed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDER = 0040755, PROGRAM = 0100755, CHARACTER_DEVICE = 0020600 };

static unsigned number; // of files so far

static void pad(size_t size) {
    fwrite("\0\0\0", 1, (4 - size % 4) % 4, stdout);
}

static void entry(const char *name, unsigned mode, const void *bytes, size_t size, unsigned major,
                  unsigned minor) {
    size_t name_size = strlen(name) + 1;

    printf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", ++number, mode, 0, 0, 1, 0,
           (unsigned)size, 0, 0, major, minor, (unsigned)name_size, 0);
    fwrite(name, 1, name_size, stdout);
    pad(110 + name_size);
    fwrite(bytes, 1, size, stdout);
    pad(size);
}

static void *read_file(const char *name, size_t *size) {
    FILE *file = fopen(name, "rb");
    char *bytes = NULL;
    long end = -1;

    if (file != NULL && fseek(file, 0, SEEK_END) == 0)
        end = ftell(file);
    if (end >= 0)
        bytes = malloc((size_t)end + 1);
    if (bytes == NULL || fseek(file, 0, SEEK_SET) != 0 ||
        fread(bytes, 1, (size_t)end, file) != (size_t)end) {
        perror(name);
        exit(1);
    }
    fclose(file);
    *size = (size_t)end;
    return bytes;
}

int main(int count, char **arguments) {
    entry("dev", FOLDER, NULL, 0, 0, 0);
    entry("dev/console", CHARACTER_DEVICE, NULL, 0, 5, 1);
    entry("proc", FOLDER, NULL, 0, 0, 0);
    for (int i = 1; i < count; i++) {
        char *file = strchr(arguments[i], '=');
        size_t size;

        if (file == NULL) {
            fprintf(stderr, "usage: initrd NAME=FILE...\n");
            return 2;
        }
        *file++ = '\0';
        void *bytes = read_file(file, &size);

        entry(arguments[i], PROGRAM, bytes, size, 0, 0);
        free(bytes);
    }
    entry("TRAILER!!!", 0, NULL, 0, 0, 0);
    return fflush(stdout) == 0 ? 0 : 1;
}
