// SPDX-License-Identifier: MIT
//
// There and back between two processes on one CPU: bytes through pipes and sockets, counts through
// eventfds, wake-ups through futexes, and a file descriptor that moves.
#define _GNU_SOURCE
#include "guest.h"

#include <linux/futex.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ours[2], theirs[2]; // each side's end to read from and to write to
static unsigned bytes, bytes_back;
static char buffer[65536];

static bool read_all(int file, size_t size) {
    for (size_t got = 0; got < size;) {
        ssize_t count = read(file, buffer + got, size - got);

        if (count <= 0)
            return false;
        got += (size_t)count;
    }
    return true;
}

static bool write_all(int file, size_t size) {
    return write(file, buffer, size) == (ssize_t)size;
}

static void echo_bytes(void) {
    while (read_all(theirs[0], bytes) && write_all(theirs[1], bytes_back))
        continue;
}

static void pipe_open(unsigned size, unsigned size_back) {
    int there[2], back[2];

    if (pipe(there) != 0 || pipe(back) != 0)
        die("pipe");
    theirs[0] = there[0];
    theirs[1] = back[1];
    ours[0] = back[0];
    ours[1] = there[1];
    bytes = size;
    bytes_back = size_back;
    start_child(echo_bytes);
}

static void pipe_prepare(unsigned size) {
    pipe_open(size, size);
}

static void pipe_prepare_1(unsigned size) {
    pipe_open(size, 1);
}

static void socket_pair(void) {
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        die("socketpair");
    ours[0] = ours[1] = pair[0];
    theirs[0] = theirs[1] = pair[1];
}

static void socket_prepare(unsigned size) {
    socket_pair();
    bytes = bytes_back = size;
    start_child(echo_bytes);
}

static void send_bytes(unsigned operations) {
    for (unsigned i = 0; i < operations; i++)
        if (!write_all(ours[1], bytes) || !read_all(ours[0], bytes_back))
            die("a round trip");
}

static void send_bytes_8(unsigned operations) {
    send_bytes(operations * 8);
}

static void finish(void) {
    kill_child();
    close(ours[0]);
    close(theirs[0]);
    if (ours[1] != ours[0]) {
        close(ours[1]);
        close(theirs[1]);
    }
}

static void echo_counts(void) {
    eventfd_t value;

    while (eventfd_read(theirs[0], &value) == 0 && eventfd_write(theirs[1], 1) == 0)
        continue;
}

static void eventfd_prepare(unsigned size) {
    (void)size;
    theirs[0] = ours[1] = eventfd(0, 0);
    theirs[1] = ours[0] = eventfd(0, 0);
    start_child(echo_counts);
}

static void send_counts(unsigned operations) {
    eventfd_t value;

    for (unsigned i = 0; i < operations; i++)
        if (eventfd_write(ours[1], 1) != 0 || eventfd_read(ours[0], &value) != 0)
            die("eventfd");
}

static void eventfd_finish(void) {
    kill_child();
    close(ours[0]);
    close(ours[1]);
}

static volatile uint32_t *words;

static void futex(volatile uint32_t *word, int operation, uint32_t value) {
    syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

static void wait_and_clear(volatile uint32_t *word) {
    while (*word == 0)
        futex(word, FUTEX_WAIT, 0);
    *word = 0;
}

static void set_and_wake(volatile uint32_t *word) {
    *word = 1;
    futex(word, FUTEX_WAKE, 1);
}

static void echo_wakes(void) {
    for (;;) {
        wait_and_clear(&words[0]);
        set_and_wake(&words[1]);
    }
}

static void futex_prepare(unsigned size) {
    (void)size;
    words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (words == MAP_FAILED)
        die("mmap");
    start_child(echo_wakes);
}

static void *wake_thread(void *argument) {
    echo_wakes();
    return argument;
}

// The thread stays until the machine is switched off, and so does its memory.
static void futex_prepare_threads(unsigned size) {
    static uint32_t memory[2];
    pthread_t thread;

    (void)size;
    words = memory;
    if (pthread_create(&thread, NULL, wake_thread, NULL) != 0)
        die("pthread_create");
}

static void send_wakes(unsigned operations) {
    for (unsigned i = 0; i < operations; i++) {
        set_and_wake(&words[0]);
        wait_and_clear(&words[1]);
    }
}

static void futex_finish(void) {
    kill_child();
    munmap((void *)words, 4096);
}

// One message of one byte with one file descriptor.
union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
};

static bool send_file(int socket, int file) {
    struct iovec part = {buffer, 1};
    union control control = {.room = {0}};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof file);
    memcpy(CMSG_DATA(&control.header), &file, sizeof file);
    return sendmsg(socket, &message, 0) == 1 && close(file) == 0;
}

static int receive_file(int socket) {
    struct iovec part = {buffer, 1};
    union control control;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    int file;

    if (recvmsg(socket, &message, 0) != 1 || message.msg_controllen < sizeof(struct cmsghdr))
        return -1;
    memcpy(&file, CMSG_DATA(&control.header), sizeof file);
    return file;
}

static void echo_files(void) {
    close(ours[0]);
    while (send_file(theirs[1], receive_file(theirs[0])))
        continue;
}

static int moving;

static void file_prepare(unsigned size) {
    (void)size;
    socket_pair();
    start_child(echo_files);
    moving = eventfd(0, 0);
}

static void send_files(unsigned operations) {
    for (unsigned i = 0; i < operations; i++) {
        if (!send_file(ours[1], moving))
            die("sendmsg");
        moving = receive_file(ours[0]);
        if (moving < 0)
            die("recvmsg");
    }
}

static void file_finish(void) {
    finish();
    close(moving);
}

static const struct row rows[] = {
    {"pipe_1", 200, pipe_prepare, send_bytes, finish, 1},
    {"pipe_64", 200, pipe_prepare, send_bytes, finish, 64},
    {"pipe_4096", 100, pipe_prepare, send_bytes, finish, 4096},
    {"pipe_4096_1", 100, pipe_prepare_1, send_bytes, finish, 4096},
    {"unix_1", 100, socket_prepare, send_bytes, finish, 1},
    {"unix_8_round_trips", 20, socket_prepare, send_bytes_8, finish, 1},
    {"eventfd", 200, eventfd_prepare, send_counts, eventfd_finish, 0},
    {"futex", 200, futex_prepare, send_wakes, futex_finish, 0},
    {"scm_rights", 100, file_prepare, send_files, file_finish, 0},
};

const struct rows rows_pingpong = {rows, sizeof rows / sizeof rows[0]};

static const struct row last[] = {
    {"futex_threads", 200, futex_prepare_threads, send_wakes, NULL, 0},
};

const struct rows rows_last = {last, sizeof last / sizeof last[0]};
