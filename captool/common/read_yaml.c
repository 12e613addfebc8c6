// SPDX-License-Identifier: MIT
// YAML by libfyaml: its events become a tree, its marks become spans, its complaints become ours.
#include <libfyaml.h>
#include <string.h>

#include "base/text.h"
#include "captool/common/read_text.h"

// Aliases may make a small file mean a large tree; not a larger one than this.
#define EXPANDED_MOST 1000000u

struct anchor {
    const char *name;
    size_t size;
    struct tree *tree;
};

struct yaml {
    struct diag *diag;
    const struct source *source;
    struct fy_parser *parser;
    struct fy_event *event; // the current one, NULL at the end
    struct anchor *anchors;
    size_t anchor_count;
    size_t expanded; // trees that aliases stand for
    size_t last;     // where the last token ended
    unsigned depth;
};

static struct tree *read_node(struct yaml *yaml);

static void next(struct yaml *yaml) {
    if (yaml->event)
        fy_parser_event_free(yaml->parser, yaml->event);
    yaml->event = fy_parser_parse(yaml->parser);
}

static bool at(const struct yaml *yaml, enum fy_event_type type) {
    return yaml->event && yaml->event->type == type;
}

// A token's bytes, its quotes included. No token is the empty value after the last one.
static struct span token_span(struct yaml *yaml, struct fy_token *token) {
    struct span span = {yaml->source, yaml->last, yaml->last, NULL};
    if (!token)
        return span;
    span.begin = fy_token_start_mark(token)->input_pos;
    span.end = fy_token_end_mark(token)->input_pos;
    enum fy_scalar_style style = fy_token_scalar_style(token);
    if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && span.begin > 0 &&
        fy_token_get_type(token) == FYTT_SCALAR) {
        span.begin--;
        span.end++;
    }
    yaml->last = span.end;
    return span;
}

// A copy of an anchor's name, which outlives its event; without name if there is no anchor.
static struct anchor copy_anchor(struct yaml *yaml, struct fy_token *token) {
    struct anchor anchor = {0};
    if (token) {
        const char *name = fy_token_get_text(token, &anchor.size);
        anchor.name = pool_copy(yaml->diag->pool, name ? name : "", anchor.size);
    }
    return anchor;
}

static void remember(struct yaml *yaml, struct anchor anchor, struct tree *tree) {
    if (!anchor.name)
        return;
    anchor.tree = tree;
    yaml->anchors = pool_more(yaml->diag->pool, yaml->anchors, yaml->anchor_count, sizeof anchor);
    yaml->anchors[yaml->anchor_count++] = anchor;
}

static struct tree *read_alias(struct yaml *yaml) {
    struct fy_token *token = yaml->event->alias.anchor;
    struct span span = token_span(yaml, token);
    span.begin -= span.begin > 0; // its star
    size_t size = 0;
    const char *name = fy_token_get_text(token, &size);
    struct tree *tree = NULL;
    for (size_t i = yaml->anchor_count; i > 0 && !tree; i--)
        if (text_equal(yaml->anchors[i - 1].name, yaml->anchors[i - 1].size, name, size))
            tree = yaml->anchors[i - 1].tree;
    if (!tree) {
        diag_error(yaml->diag, span, "found the alias %s, expected one whose anchor is complete",
                   diag_quote(yaml->diag, name, size));
        return NULL;
    }
    yaml->expanded += tree->weight;
    if (yaml->expanded > EXPANDED_MOST) {
        diag_error(yaml->diag, span, "found aliases for more than %u values, expected fewer",
                   EXPANDED_MOST);
        return NULL;
    }
    next(yaml);
    return tree;
}

// The tag's meaning for a scalar without quotes; false if we know none.
static bool tag_style(struct fy_token *tag, enum tree_style *style) {
    static const struct {
        const char *name;
        enum tree_style style;
    } known[] = {
        {"tag:yaml.org,2002:binary", TREE_BYTES}, {"tag:yaml.org,2002:str", TREE_QUOTED},
        {"tag:yaml.org,2002:int", TREE_PLAIN},    {"tag:yaml.org,2002:float", TREE_PLAIN},
        {"tag:yaml.org,2002:bool", TREE_PLAIN},   {"tag:yaml.org,2002:null", TREE_PLAIN},
    };
    size_t size = 0;
    const char *text = fy_token_get_text(tag, &size);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (text_is(text, size, known[i].name)) {
            *style = known[i].style;
            return true;
        }
    }
    return false;
}

static void refuse_tag(struct yaml *yaml, struct fy_token *tag, const char *expected) {
    size_t size = 0;
    const char *text = fy_token_get_text(tag, &size);
    diag_error(yaml->diag, token_span(yaml, tag), "found the tag %s, expected %s",
               diag_quote(yaml->diag, text, size), expected);
}

static struct tree *read_scalar(struct yaml *yaml) {
    struct fy_token *value = yaml->event->scalar.value, *tag = yaml->event->scalar.tag;
    enum tree_style style = TREE_PLAIN;
    if (tag && !tag_style(tag, &style)) {
        refuse_tag(yaml, tag, "!!binary, !!str or no tag");
        return NULL;
    }
    struct span span = token_span(yaml, value);
    if (value && !tag && fy_token_scalar_style(value) != FYSS_PLAIN)
        style = TREE_QUOTED;
    size_t size = 0;
    const char *text = value ? fy_token_get_text(value, &size) : NULL;
    if (style == TREE_BYTES) {
        text = read_base64(yaml->diag->pool, text ? text : "", size, &size);
        if (!text) {
            diag_error(yaml->diag, span, "found no base64, expected it after !!binary");
            return NULL;
        }
    }
    struct tree *tree = tree_scalar(yaml->diag->pool, style, span, text ? text : "", size);
    remember(yaml, copy_anchor(yaml, yaml->event->scalar.anchor), tree);
    next(yaml);
    return tree;
}

// The start of a sequence or mapping: nothing but the default tags.
static bool check_start(struct yaml *yaml, struct fy_token *tag, const char *default_tag) {
    size_t size = 0;
    const char *text = tag ? fy_token_get_text(tag, &size) : default_tag;
    if (tag && !text_is(text, size, default_tag)) {
        refuse_tag(yaml, tag, "no tag");
        return false;
    }
    if (yaml->depth < TREE_DEPTH)
        return true;
    diag_error(yaml->diag, (struct span){yaml->source, yaml->last, yaml->last, NULL},
               "found more nesting, expected at most %d levels", TREE_DEPTH);
    return false;
}

// An anchor on a collection is known after its end only, so no tree contains itself.
static struct tree *read_sequence(struct yaml *yaml) {
    struct fy_event *start = yaml->event;
    struct span span = token_span(yaml, start->sequence_start.sequence_start);
    if (!check_start(yaml, start->sequence_start.tag, "tag:yaml.org,2002:seq"))
        return NULL;
    struct tree *sequence = tree_sequence(yaml->diag->pool, span);
    struct anchor anchor = copy_anchor(yaml, start->sequence_start.anchor);
    next(yaml);
    yaml->depth++;
    bool ok = true;
    while (ok && yaml->event && !at(yaml, FYET_SEQUENCE_END)) {
        struct tree *item = read_node(yaml);
        ok = item != NULL;
        if (ok)
            tree_add_item(yaml->diag->pool, sequence, item);
    }
    yaml->depth--;
    ok = ok && yaml->event;
    if (ok) {
        sequence->span.end = token_span(yaml, yaml->event->sequence_end.sequence_end).end;
        remember(yaml, anchor, sequence);
        next(yaml);
    }
    return ok ? sequence : NULL;
}

static bool read_member(struct yaml *yaml, struct tree *mapping) {
    struct tree *key = read_node(yaml);
    if (!key)
        return false;
    if (key->kind != TREE_SCALAR) {
        diag_error(yaml->diag, key->span, "found %s, expected a name as key",
                   tree_describe(yaml->diag, key));
        return false;
    }
    if (!yaml->event)
        return false;
    struct tree *value = read_node(yaml);
    if (!value)
        return false;
    tree_add_member(yaml->diag->pool, mapping, key, value);
    return true;
}

static struct tree *read_mapping(struct yaml *yaml) {
    struct fy_event *start = yaml->event;
    struct span span = token_span(yaml, start->mapping_start.mapping_start);
    if (!check_start(yaml, start->mapping_start.tag, "tag:yaml.org,2002:map"))
        return NULL;
    struct tree *mapping = tree_mapping(yaml->diag->pool, span);
    struct anchor anchor = copy_anchor(yaml, start->mapping_start.anchor);
    next(yaml);
    yaml->depth++;
    bool ok = true;
    while (ok && yaml->event && !at(yaml, FYET_MAPPING_END))
        ok = read_member(yaml, mapping);
    yaml->depth--;
    ok = ok && yaml->event;
    if (ok) {
        mapping->span.end = token_span(yaml, yaml->event->mapping_end.mapping_end).end;
        tree_check_keys(yaml->diag, mapping);
        remember(yaml, anchor, mapping);
        next(yaml);
    }
    return ok ? mapping : NULL;
}

// Any value. NULL when an error was reported, or will be from the parser's own list.
static struct tree *read_node(struct yaml *yaml) {
    switch (yaml->event->type) {
    case FYET_SCALAR:
        return read_scalar(yaml);
    case FYET_SEQUENCE_START:
        return read_sequence(yaml);
    case FYET_MAPPING_START:
        return read_mapping(yaml);
    case FYET_ALIAS:
        return read_alias(yaml);
    default:
        return NULL;
    }
}

static struct tree *read_document(struct yaml *yaml) {
    next(yaml);
    if (at(yaml, FYET_STREAM_START))
        next(yaml);
    if (at(yaml, FYET_STREAM_END)) {
        diag_error(yaml->diag, (struct span){yaml->source, 0, 0, NULL},
                   "found nothing, expected a document");
        return NULL;
    }
    if (at(yaml, FYET_DOCUMENT_START))
        next(yaml);
    struct tree *tree = yaml->event ? read_node(yaml) : NULL;
    if (!tree || !at(yaml, FYET_DOCUMENT_END))
        return NULL;
    next(yaml);
    if (!at(yaml, FYET_DOCUMENT_START))
        return tree;
    diag_error(yaml->diag, token_span(yaml, yaml->event->document_start.document_start),
               "found a second document, expected the end of the file");
    return NULL;
}

static size_t offset_of(const struct source *source, int line, int column) {
    size_t offset = 0;
    while (line > 1 && offset < source->size)
        if (source->text[offset++] == '\n')
            line--;
    while (column > 1 && offset < source->size && source->text[offset] != '\n') {
        offset++;
        while (offset < source->size && ((unsigned char)source->text[offset] & 0xc0) == 0x80)
            offset++;
        column--;
    }
    return offset;
}

static void report_errors(struct yaml *yaml, struct fy_diag *messages) {
    void *iterator = NULL;
    struct fy_diag_error *error;
    while ((error = fy_diag_errors_iterate(messages, &iterator))) {
        size_t offset = offset_of(yaml->source, error->line, error->column);
        diag_error(yaml->diag, (struct span){yaml->source, offset, offset, NULL},
                   "found broken YAML (%s), expected YAML 1.2", error->msg);
    }
}

static struct tree *parse(struct yaml *yaml) {
    struct fy_diag_cfg messages_config;
    fy_diag_cfg_default(&messages_config);
    messages_config.fp = NULL;
    struct fy_diag *messages = fy_diag_create(&messages_config);
    fy_diag_set_collect_errors(messages, true);
    struct fy_parse_cfg config = {
        .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2,
        .diag = messages,
    };
    yaml->parser = fy_parser_create(&config);
    struct tree *tree = NULL;
    size_t errors = yaml->diag->errors;
    if (yaml->parser &&
        fy_parser_set_string(yaml->parser, yaml->source->text, yaml->source->size) == 0) {
        tree = read_document(yaml);
        if (yaml->event)
            fy_parser_event_free(yaml->parser, yaml->event);
    }
    if (!tree)
        report_errors(yaml, messages);
    if (!tree && yaml->diag->errors == errors)
        diag_error(yaml->diag, (struct span){yaml->source, yaml->last, yaml->last, NULL},
                   "found something that libfyaml can't read, expected YAML 1.2");
    fy_parser_destroy(yaml->parser);
    fy_diag_destroy(messages);
    return tree;
}

struct tree *read_yaml(struct diag *diag, const struct source *source) {
    struct yaml yaml = {.diag = diag, .source = source};
    return read_check_utf8(diag, source) ? parse(&yaml) : NULL;
}
