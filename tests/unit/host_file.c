// SPDX-License-Identifier: MIT
//
// host/file.h: a file is replaced as a whole or not at all.
#include "host/file.h"

#include "tests/harness.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct pool pool;
static struct diag diag;
static char folder[] = "/tmp/host_file.XXXXXX";

static void set_up(void) {
    pool_init(&pool);
    diag_init(&diag, &pool);
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

// Everything that a test made in the folder is gone afterwards, or this fails.
static void tear_down(void) {
    ck_assert_int_eq(rmdir(folder), 0);
    pool_fini(&pool);
}

static const char *in_folder(const char *name) {
    return pool_format(&pool, "%s/%s", folder, name);
}

static void expect_content(const char *name, const char *content) {
    const struct source *source = file_read(&diag, name);

    ck_assert_ptr_nonnull(source);
    ck_assert_uint_eq(source->size, strlen(content));
    ck_assert_str_eq(source->text, content);
}

START_TEST(writes_and_replaces) {
    const char *name = in_folder("a"), *link = in_folder("link");

    ck_assert(file_write(&diag, name, "one", 3));
    expect_content(name, "one");
    ck_assert_int_eq(chmod(name, 0640), 0);
    ck_assert_int_eq(symlink("a", link), 0);
    ck_assert(file_write(&diag, link, "two", 3));
    expect_content(name, "two");
    struct stat status;
    ck_assert_int_eq(lstat(link, &status), 0);
    ck_assert(S_ISLNK(status.st_mode));
    ck_assert_int_eq(stat(name, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0640);
    ck_assert_int_eq(unlink(link), 0);
    ck_assert_int_eq(unlink(name), 0);
}
END_TEST

START_TEST(says_what_is_wrong) {
    ck_assert_ptr_null(file_read(&diag, in_folder("none")));
    ck_assert_ptr_null(file_read(&diag, folder));
    ck_assert(!file_write(&diag, in_folder("none/x"), "a", 1));
    ck_assert_uint_eq(diag.errors, 3);
}
END_TEST

START_TEST(writes_devices_in_place) {
    struct stat status;

    ck_assert(file_write(&diag, "/dev/null", "a", 1));
    ck_assert_int_eq(stat("/dev/null", &status), 0);
    ck_assert(S_ISCHR(status.st_mode));
    ck_assert(!file_write(&diag, "/dev/full", "a", 1));
}
END_TEST

START_TEST(reads_large_files) {
    size_t size = 300000;
    char *data = pool_alloc(&pool, size);
    const char *name = in_folder("large");

    for (size_t i = 0; i < size; i++)
        data[i] = (char)(i * 7);
    ck_assert(file_write(&diag, name, data, size));
    const struct source *source = file_read(&diag, name);
    ck_assert_ptr_nonnull(source);
    ck_assert_uint_eq(source->size, size);
    ck_assert_mem_eq(source->text, data, size);
    ck_assert_int_eq(source->text[size], 0);
    ck_assert_int_eq(unlink(name), 0);
}
END_TEST

static void add(Suite *suite, const char *name, const TTest *test) {
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, test);
    suite_add_tcase(suite, tcase);
}

int main(void) {
    Suite *suite = suite_create("host file");

    add(suite, "writes and replaces", writes_and_replaces);
    add(suite, "says what is wrong", says_what_is_wrong);
    add(suite, "writes devices in place", writes_devices_in_place);
    add(suite, "reads large files", reads_large_files);
    return harness_run(suite);
}
