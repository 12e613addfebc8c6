// SPDX-License-Identifier: MIT
// Reading a request: all bytes of the file, then its framing.
#include "capnpc-capos/request.h"

#include "capnp/stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct bytes {
    uint64_t *words;
    size_t size, room; // bytes
};

static void grow(struct bytes *bytes, struct arena *arena) {
    size_t room = bytes->room == 0 ? 1u << 16 : 2 * bytes->room;
    uint64_t *words = arena_take(arena, room);
    if (bytes->size > 0)
        memcpy(words, bytes->words, bytes->size);
    bytes->words = words;
    bytes->room = room;
}

static bool read_all(struct bytes *bytes, struct arena *arena, int file) {
    for (;;) {
        if (bytes->size == bytes->room)
            grow(bytes, arena);
        ssize_t got = read(file, (char *)bytes->words + bytes->size, bytes->room - bytes->size);
        if (got == 0)
            return true;
        if (got > 0)
            bytes->size += (size_t)got;
        else if (errno != EINTR)
            return false;
    }
}

bool request_read(struct request *request, struct arena *arena, int file) {
    struct bytes bytes = {NULL, 0, 0};
    uint32_t count;
    size_t used;
    if (!read_all(&bytes, arena, file)) {
        fprintf(stderr, "capnpc-capos: standard input: %s\n", strerror(errno));
        return false;
    }
    enum capos_stream_error error =
        capos_stream_parse(bytes.words, bytes.size / 8, request->segments,
                           sizeof request->segments / sizeof *request->segments, &count, &used);
    if (error != CAPOS_STREAM_OK) {
        fputs("capnpc-capos: standard input is no request of the capnp tool; "
              "run it as: capnp compile -ocapos FILE.capnp\n",
              stderr);
        return false;
    }
    capos_reader_init_segments(&request->reader, request->segments, count);
    request->reader.budget = UINT64_MAX; // as large as the schema: it is the tool's own output
    return true;
}
