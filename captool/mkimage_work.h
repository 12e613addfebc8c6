// SPDX-License-Identifier: MIT
// A work folder: made under TMPDIR, filled, and removed with everything in it, also on failure.
// Functions that can fail say why on standard error. Names are relative to the folder.
#ifndef CAPTOOL_MKIMAGE_WORK_H
#define CAPTOOL_MKIMAGE_WORK_H

#include <stdbool.h>
#include <stddef.h>

struct work {
    char *path;
};

bool work_init(struct work *work) __attribute__((warn_unused_result));
void work_fini(struct work *work);

// printf into memory of its own, to be freed; ends the program when there is none.
char *work_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

// The folder's name before `name`; to be freed.
char *work_path(const struct work *work, const char *name);

bool work_folder(const struct work *work, const char *name);
bool work_write(const struct work *work, const char *name, const void *data, size_t size);
bool work_size(const struct work *work, const char *name, size_t *size);

// Sets a file's times to SOURCE_DATE_EPOCH; the same as xorriso writes it, 16 digits and a NUL.
bool work_date(const struct work *work, const char *name);
void work_date_text(char text[static 32]);

#endif
