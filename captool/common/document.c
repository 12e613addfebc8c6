// SPDX-License-Identifier: MIT
// The formats: a table of names, a reader and a writer each.
#include "captool/common/document.h"

#include <stdlib.h>
#include <string.h>

#include "capnp/packed.h"
#include "capnp/stream.h"
#include "captool/common/read_text.h"
#include "captool/common/write_text.h"
#include "host/file.h"

static const struct {
    const char *ending;
    enum document_format format;
} formats[] = {
    {"yaml", DOCUMENT_YAML}, {"yml", DOCUMENT_YAML},  {"json", DOCUMENT_JSON},
    {"bin", DOCUMENT_BIN},   {"flat", DOCUMENT_FLAT}, {"packed", DOCUMENT_PACKED},
};

enum document_format document_format_named(const char *name) {
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i].ending, name) == 0)
            return formats[i].format;
    return DOCUMENT_NONE;
}

enum document_format document_format_of_file(const char *file) {
    const char *base = strrchr(file, '/');
    const char *dot = strrchr(base ? base : file, '.');
    return dot ? document_format_named(dot + 1) : DOCUMENT_NONE;
}

const char *document_format_names(struct pool *pool) {
    const char *names = formats[0].ending;
    for (size_t i = 1; i < sizeof formats / sizeof formats[0]; i++)
        if (formats[i].format != formats[i - 1].format)
            names = pool_format(pool, "%s, %s", names, formats[i].ending);
    return names;
}

struct reading {
    struct diag *diag;
    const struct schema *schema;
    struct capos_struct node;
    struct document *document;
};

static bool refuse(const struct reading *r, const char *found, const char *expected) {
    diag_error(r->diag, span_of_file(r->document->source), "found %s, expected %s", found,
               expected);
    return false;
}

// Bytes as words, which the pool aligns.
static bool source_words(const struct reading *r, uint64_t **words, size_t *count) {
    const struct source *source = r->document->source;
    if (source->size % 8 != 0)
        return refuse(r, pool_format(r->diag->pool, "%zu bytes", source->size),
                      "a message, whose size is a multiple of 8");
    *count = source->size / 8;
    *words = pool_array(r->diag->pool, *count, sizeof **words);
    memcpy(*words, source->text, source->size);
    return true;
}

static bool read_segments(const struct reading *r, const struct capos_segment *segments,
                          uint32_t count) {
    struct capos_reader reader;
    capos_reader_init_segments(&reader, segments, count);
    r->document->tree =
        message_decode(r->diag, r->schema, r->node, &reader, r->document->source, MESSAGE_COMPLETE);
    return r->document->tree &&
           message_encode(r->diag, r->schema, r->node, r->document->tree, &r->document->message);
}

static bool read_flat(const struct reading *r) {
    uint64_t *words;
    size_t count;
    if (!source_words(r, &words, &count))
        return false;
    if (count == 0 || count > CAPOS_SEGMENT_WORDS_MAX)
        return refuse(r, count == 0 ? "nothing" : "too much", "one segment of a message");
    struct capos_segment segment = {words, (uint32_t)count};
    return read_segments(r, &segment, 1);
}

static bool read_framed(const struct reading *r, const uint64_t *words, size_t size) {
    struct capos_segment *segments =
        pool_array(r->diag->pool, CAPOS_STREAM_SEGMENTS, sizeof *segments);
    uint32_t count;
    size_t used;
    switch (capos_stream_parse(words, size, segments, CAPOS_STREAM_SEGMENTS, &count, &used)) {
    case CAPOS_STREAM_OK:
        break;
    case CAPOS_STREAM_SHORT:
        return refuse(r, "the end of the file", "the rest of a framed message");
    default:
        return refuse(r, "an impossible table of segments", "a framed message");
    }
    if (used != size)
        return refuse(r, pool_format(r->diag->pool, "%zu words behind the message", size - used),
                      "the end of the file");
    return read_segments(r, segments, count);
}

static bool read_bin(const struct reading *r) {
    uint64_t *words;
    size_t count;
    return source_words(r, &words, &count) && read_framed(r, words, count);
}

static bool read_packed(const struct reading *r) {
    const uint8_t *bytes = (const uint8_t *)r->document->source->text;
    size_t size = r->document->source->size, count = 0;
    enum capos_packed_error error;
    uint64_t *words;
    // Most messages shrink to a half or so; a run of zeros may need many times as much.
    for (size_t room = size + 1;; room *= 2) {
        words = pool_array(r->diag->pool, room, sizeof *words);
        error = capos_unpack(bytes, size, words, room, &count);
        if (error != CAPOS_PACKED_FULL)
            break;
    }
    if (error != CAPOS_PACKED_OK)
        return refuse(r, "the end of the file", "the rest of a packed word");
    return read_framed(r, words, count);
}

static bool read_tree(const struct reading *r, enum document_format format) {
    size_t errors = r->diag->errors;
    r->document->tree =
        (format == DOCUMENT_YAML ? read_yaml : read_json)(r->diag, r->document->source);
    return r->document->tree &&
           message_encode(r->diag, r->schema, r->node, r->document->tree, &r->document->message) &&
           r->diag->errors == errors;
}

bool document_read(struct diag *diag, const struct schema *schema, struct capos_struct node,
                   const char *file, enum document_format format, struct document *document) {
    struct reading reading = {diag, schema, node, document};
    document->tree = NULL;
    document->source = file_read(diag, file);
    if (!document->source)
        return false;
    switch (format) {
    case DOCUMENT_BIN:
        return read_bin(&reading);
    case DOCUMENT_FLAT:
        return read_flat(&reading);
    case DOCUMENT_PACKED:
        return read_packed(&reading);
    default:
        return read_tree(&reading, format);
    }
}

static bool write_tree(struct diag *diag, const struct schema *schema, struct capos_struct node,
                       const struct document *document, const char *file,
                       enum document_format format) {
    struct capos_reader reader;
    capos_reader_init(&reader, document->message.words, document->message.size);
    struct tree *tree = message_decode(diag, schema, node, &reader, document->source,
                                       format == DOCUMENT_YAML ? MESSAGE_BRIEF : MESSAGE_COMPLETE);
    if (!tree)
        return false;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out)
        (format == DOCUMENT_YAML ? write_yaml : write_json)(tree, out);
    bool ok = out && fclose(out) == 0;
    if (!ok)
        diag_error(diag, span_of_file(document->source), "found too much for the memory there is");
    ok = ok && file_write(diag, file, text, size);
    free(text);
    return ok;
}

static bool write_message(struct diag *diag, const struct message *message, const char *file,
                          enum document_format format) {
    if (format == DOCUMENT_FLAT)
        return file_write(diag, file, message->words, message->size * sizeof(uint64_t));
    size_t table = capos_stream_table_words(1), size = table + message->size;
    uint64_t *words = pool_array(diag->pool, size, sizeof *words);
    capos_stream_write_table(words, &message->size, 1);
    memcpy(words + table, message->words, message->size * sizeof *words);
    if (format == DOCUMENT_BIN)
        return file_write(diag, file, words, size * sizeof *words);
    size_t room = capos_packed_most(size), used = 0;
    uint8_t *packed = pool_alloc(diag->pool, room);
    return capos_pack(words, size, packed, room, &used) == CAPOS_PACKED_OK &&
           file_write(diag, file, packed, used);
}

bool document_write(struct diag *diag, const struct schema *schema, struct capos_struct node,
                    const struct document *document, const char *file,
                    enum document_format format) {
    if (format == DOCUMENT_YAML || format == DOCUMENT_JSON)
        return write_tree(diag, schema, node, document, file, format);
    return write_message(diag, &document->message, file, format);
}
