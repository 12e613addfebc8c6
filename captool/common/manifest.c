// SPDX-License-Identifier: MIT
// Checks of the manifest. They work on the tree, which has the places; whatever has not the shape
// that the schema asks for looks absent here.
#include "captool/common/manifest.h"

#include <inttypes.h>
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"
#include "captool/common/scalar.h"

// The name that init gives to a service's Receiver.
#define RECEIVER "receiver"

// The schema allows no more services or binaries; beyond this only its complaint matters.
#define ELEMENTS_MOST 1000u

enum mark {
    MARK_NEW,
    MARK_OPEN, // on the way that is being followed
    MARK_DONE,
};

struct service {
    const struct tree *tree;
    const struct tree *name; // NULL if it has none
    enum mark mark;
    const struct tree *way; // while open: the name in the grant that is being followed
};

struct manifest {
    struct diag *diag;
    const struct schema *builtin;
    const struct tree *tree;
    struct service *services;
    size_t service_count;
    bool names_missing; // some service's name could not be read: then no name is called unknown
};

static size_t item_count(const struct tree *list) {
    return list && list->kind == TREE_SEQUENCE ? list->count : 0;
}

// A member that is text and not empty, else NULL.
static const struct tree *text_member(const struct tree *mapping, const char *name) {
    const struct tree *value = tree_value(mapping, name);
    return value && value->kind == TREE_SCALAR && value->size > 0 && !tree_is_null(value) ? value
                                                                                          : NULL;
}

static bool same(const struct tree *a, const struct tree *b) {
    return text_equal(a->text, a->size, b->text, b->size);
}

static const char *quote(struct manifest *m, const struct tree *scalar) {
    return diag_quote(m->diag, scalar->text, scalar->size);
}

// What is to be called by a name must have one. Where something else was wrong, nothing is said: it
// may be the name.
static const struct tree *check_name(struct manifest *m, const struct tree *tree,
                                     const char *what) {
    const struct tree *name = text_member(tree, "name");
    if (name || tree->kind != TREE_MAPPING || tree->faulty)
        return name;
    const struct tree *empty = tree_value(tree, "name");
    diag_error(m->diag, empty ? empty->span : tree->span, "found no name, expected one for the %s",
               what);
    return NULL;
}

// The version that this program's schema describes.
static uint64_t current_version(const struct schema *builtin) {
    const struct capos_struct *node =
        capos_nodes_find(&builtin->nodes, CAPOS_NODE_CONST, capos_text_of("currentVersion"), NULL);
    return node ? capos_value_bits(capos_node_const_value(*node)) : 0;
}

static void check_version(struct manifest *m) {
    const struct tree_member *member = tree_member(m->tree, "schemaVersion");
    uint64_t current = current_version(m->builtin);
    struct scalar_number number;
    if (!member) {
        diag_error(m->diag, m->tree->span, "found no schemaVersion, expected %" PRIu64, current);
        return;
    }
    const struct tree *value = member->value;
    if (value->kind == TREE_SCALAR && value->style != TREE_QUOTED &&
        scalar_number(value->text, value->size, &number) && !number.negative && !number.overflow &&
        number.magnitude <= UINT32_MAX && number.magnitude != current)
        diag_error(m->diag, value->span,
                   "found %s, expected %" PRIu64 ", the only schemaVersion that is known",
                   quote(m, value), current);
}

static void nearest_names(struct nearest *nearest, struct pool *pool, const struct tree *list) {
    for (size_t i = 0; i < item_count(list); i++) {
        const struct tree *name = text_member(list->items[i], "name");
        if (name)
            nearest_offer(nearest, pool_copy(pool, name->text, name->size), name->size);
    }
}

static const char *meant(struct manifest *m, const struct tree *found, const struct tree *list) {
    struct nearest nearest;
    nearest_init(&nearest, found->text, found->size);
    nearest_names(&nearest, m->diag->pool, list);
    return diag_meant(m->diag, nearest.name);
}

// The element of a list that has this name, or NULL.
static const struct tree *named(const struct tree *list, const char *name, size_t size) {
    for (size_t i = 0; i < item_count(list); i++) {
        const struct tree *own = text_member(list->items[i], "name");
        if (own && text_equal(own->text, own->size, name, size))
            return list->items[i];
    }
    return NULL;
}

static void check_binaries(struct manifest *m) {
    const struct tree_member *member = tree_member(m->tree, "binaries");
    const struct tree *list = member ? member->value : NULL;
    bool faulty = list && list->kind != TREE_SEQUENCE;
    for (size_t i = 0; i < item_count(list); i++) {
        check_name(m, list->items[i], "binary");
        faulty = faulty || list->items[i]->faulty || list->items[i]->kind != TREE_MAPPING;
    }
    if (named(list, "init", 4) || faulty)
        return;
    struct nearest nearest;
    nearest_init(&nearest, "init", 4);
    nearest_names(&nearest, m->diag->pool, list);
    diag_error(m->diag, member ? member->key->span : m->tree->span,
               "found no binary called `init`, expected the program that starts the others%s",
               diag_meant(m->diag, nearest.name));
}

static void check_program(struct manifest *m, const struct service *service) {
    const struct tree *binary = text_member(service->tree, "binary");
    const struct tree *list = tree_value(m->tree, "binaries");
    if (!binary)
        binary = service->name;
    if (!binary || named(list, binary->text, binary->size))
        return;
    diag_error(m->diag, binary->span, "found %s, expected the name of one of the binaries%s",
               quote(m, binary), meant(m, binary, list));
}

static void check_exports(struct manifest *m, const struct service *service) {
    const struct tree *list = tree_value(service->tree, "exports");
    for (size_t i = 0; i < item_count(list); i++) {
        const struct tree *export = list->items[i];
        check_name(m, export, "export");
        if (export->kind == TREE_MAPPING && !export->faulty && !tree_value(export, "interface"))
            diag_error(m->diag, export->span,
                       "found no interface, expected the name or the id of one");
    }
}

static struct service *find_service(struct manifest *m, const struct tree *name) {
    for (size_t i = 0; i < m->service_count; i++)
        if (m->services[i].name && same(m->services[i].name, name))
            return &m->services[i];
    return NULL;
}

// The export that a grant means: named, or the only one.
static void check_export(struct manifest *m, const struct tree *source,
                         const struct service *service) {
    const struct tree *list = tree_value(service->tree, "exports");
    const struct tree *export = text_member(source, "export");
    const struct tree *name = text_member(source, "name");
    if (service->tree->faulty)
        return;
    if (item_count(list) == 0) {
        diag_error(m->diag, name->span, "found %s, expected a service that exports something",
                   quote(m, name));
        diag_note(m->diag, service->name->span, "%s exports nothing", quote(m, service->name));
    } else if (!export && item_count(list) > 1) {
        diag_error(m->diag, name->span,
                   "found %s without an export, expected the name of one of its %zu exports",
                   quote(m, name), item_count(list));
    } else if (export && !named(list, export->text, export->size)) {
        diag_error(m->diag, export->span, "found %s, expected the name of an export of %s%s",
                   quote(m, export), quote(m, service->name), meant(m, export, list));
        diag_note(m->diag, service->name->span, "%s is described here", quote(m, service->name));
    }
}

// What a grant names as its source, or NULL.
static const struct tree *grant_source(const struct tree *grant) {
    return tree_value(grant, "service");
}

static void check_grant(struct manifest *m, const struct tree *grant) {
    const struct tree *name = check_name(m, grant, "grant");
    if (name && tree_is(name, RECEIVER))
        diag_error(m->diag, name->span,
                   "found `" RECEIVER
                   "`, expected another name: init gives it to the Receiver of a "
                   "service with exports");
    const struct tree *source = grant_source(grant);
    if (!source || source->kind != TREE_MAPPING)
        return;
    const struct tree *wanted = text_member(source, "name");
    if (!wanted) {
        if (!source->faulty)
            diag_error(m->diag, source->span, "found no name, expected the name of a service");
        return;
    }
    struct service *service = find_service(m, wanted);
    if (service)
        check_export(m, source, service);
    else if (!m->names_missing)
        diag_error(m->diag, wanted->span, "found %s, expected the name of a service%s",
                   quote(m, wanted), meant(m, wanted, tree_value(m->tree, "services")));
}

// The services from `first` on that are open, in the order of the way: each one's `way` names the
// next. Ends where it began.
static void report_cycle(struct manifest *m, struct service *first) {
    const char *text = "";
    struct service *service = first;
    do {
        text = pool_format(m->diag->pool, "%s%s -> ", text, quote(m, service->name));
        service = find_service(m, service->way);
    } while (service != first);
    diag_error(m->diag, first->way->span,
               "found services that wait for each other: %s%s, expected an order to start them in",
               text, quote(m, first->name));
    while ((service = find_service(m, service->way)) != first)
        diag_note(m->diag, service->way->span, "%s waits for %s here", quote(m, service->name),
                  quote(m, service->way));
}

static void follow_grants(struct manifest *m, struct service *service) {
    const struct tree *grants = tree_value(service->tree, "grants");
    service->mark = MARK_OPEN;
    for (size_t i = 0; i < item_count(grants); i++) {
        service->way = text_member(grant_source(grants->items[i]), "name");
        struct service *next = service->way ? find_service(m, service->way) : NULL;
        if (next && next->mark == MARK_OPEN)
            report_cycle(m, next);
        else if (next && next->mark == MARK_NEW)
            follow_grants(m, next);
    }
    service->mark = MARK_DONE;
}

static void collect_services(struct manifest *m) {
    const struct tree *list = tree_value(m->tree, "services");
    m->service_count = item_count(list);
    m->services = pool_array(m->diag->pool, m->service_count, sizeof *m->services);
    for (size_t i = 0; i < m->service_count; i++) {
        struct service *service = &m->services[i];
        service->tree = list->items[i];
        service->name = check_name(m, service->tree, "service");
        m->names_missing = m->names_missing || !service->name;
    }
}

void manifest_check(struct diag *diag, const struct schema *builtin, const struct tree *manifest) {
    struct manifest m = {.diag = diag, .builtin = builtin, .tree = manifest};
    if (manifest->kind != TREE_MAPPING ||
        item_count(tree_value(manifest, "services")) > ELEMENTS_MOST ||
        item_count(tree_value(manifest, "binaries")) > ELEMENTS_MOST)
        return;
    check_version(&m);
    check_binaries(&m);
    collect_services(&m);
    for (size_t i = 0; i < m.service_count; i++) {
        const struct tree *grants = tree_value(m.services[i].tree, "grants");
        check_program(&m, &m.services[i]);
        check_exports(&m, &m.services[i]);
        for (size_t k = 0; k < item_count(grants); k++)
            check_grant(&m, grants->items[k]);
    }
    for (size_t i = 0; i < m.service_count; i++)
        if (m.services[i].name && m.services[i].mark == MARK_NEW)
            follow_grants(&m, &m.services[i]);
}
