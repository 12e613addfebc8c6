// SPDX-License-Identifier: MIT
//
// The server of the test of many objects: each Item is an object of its own, which is there as long
// as a facet of it is out. Told of a facet that is not, it counts a mistake.
#include "capos/runtime.h"
#include "capos/server.h"
#include "tests/boot/objects/hoard.capos.h"

enum { ITEMS = 131072, BUCKETS = 131072 };

struct item {
    struct capos_object object; // id 1 and up
    uint32_t out;               // facets
};

static struct item items[ITEMS];
static struct capos_object *buckets[BUCKETS];
static struct capos_server server;
static uint64_t minted, released, wrong, next_item = 1;

static int number(void *self, struct capos_invocation *inv, struct hoard_item_number_params params,
                  struct hoard_item_number_results_builder results) {
    const struct item *item = self;

    (void)inv, (void)params;
    hoard_item_number_results_set_number(results, item->object.id);
    return CAPOS_DONE;
}

static const struct hoard_item_server item_methods = {.number = number};

static int dispatch_item(void *self, struct capos_invocation *inv) {
    return hoard_item_dispatch(&item_methods, self, inv);
}

static void item_released(void *self) {
    struct item *item = self;

    released++;
    if (item->out == 0)
        wrong++;
    else if (--item->out == 0)
        capos_server_remove(&server, &item->object);
}

static struct capos_descriptor mint(uint64_t id) {
    items[id].out++;
    minted++;
    return capos_descriptor_mint(server.receiver, id, HOARD_ITEM_INTERFACE_ID, CAPOS_SCOPE_ANY);
}

static struct capos_descriptor new_item(void) {
    struct item *item = &items[next_item];

    item->object = (struct capos_object){.id = next_item,
                                         .interface = HOARD_ITEM_INTERFACE_ID,
                                         .dispatch = dispatch_item,
                                         .self = item,
                                         .released = item_released};
    capos_server_add(&server, &item->object);
    return mint(next_item++);
}

static int take(void *self, struct capos_invocation *inv, struct hoard_keeper_take_params params,
                struct hoard_keeper_take_results_builder results) {
    (void)self, (void)params;
    if (next_item + 4 > ITEMS)
        return capos_fail(inv, CAPOS_OVERLOADED, "there are no more");
    hoard_keeper_take_results_give_a(results, new_item());
    hoard_keeper_take_results_give_b(results, new_item());
    hoard_keeper_take_results_give_c(results, new_item());
    hoard_keeper_take_results_give_d(results, new_item());
    return CAPOS_DONE;
}

static int give_back(void *self, struct capos_invocation *inv,
                     struct hoard_keeper_give_back_params params,
                     struct hoard_keeper_give_back_results_builder results) {
    const struct capos_descriptor *item = hoard_keeper_give_back_params_item_descriptor(params);

    (void)self;
    if (item == NULL)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "nothing is given back");
    hoard_keeper_give_back_results_set_own(results,
                                           item->kind == CAPOS_TRANSFER_OWN && item->cap == 0);
    hoard_keeper_give_back_results_set_number(results, item->object_id);
    return CAPOS_DONE;
}

static int count(void *self, struct capos_invocation *inv, struct hoard_keeper_count_params params,
                 struct hoard_keeper_count_results_builder results) {
    (void)self, (void)inv, (void)params;
    hoard_keeper_count_results_set_minted(results, minted);
    hoard_keeper_count_results_set_released(results, released);
    hoard_keeper_count_results_set_wrong(results, wrong);
    return CAPOS_DONE;
}

static int again(void *self, struct capos_invocation *inv, struct hoard_keeper_again_params params,
                 struct hoard_keeper_again_results_builder results) {
    uint64_t id = hoard_keeper_again_params_number(params);

    (void)self;
    if (id == 0 || id >= next_item || items[id].out == 0)
        return capos_fail(inv, CAPOS_FAILED, "there is no such item");
    hoard_keeper_again_results_give_item(results, mint(id));
    return CAPOS_DONE;
}

static const struct hoard_keeper_server keeper_methods = {
    .take = take, .give_back = give_back, .count = count, .again = again};

static int dispatch_keeper(void *self, struct capos_invocation *inv) {
    return hoard_keeper_dispatch(&keeper_methods, self, inv);
}

int main(void) {
    static struct capos_object keeper = {.interface = HOARD_KEEPER_INTERFACE_ID,
                                         .dispatch = dispatch_keeper};

    if (capos_server_init(&server, capos_client(),
                          capos_need("receiver", UINT64_C(0x86a86ba2aa6f6c04)), NULL) < 0)
        return 1;
    capos_server_use_buckets(&server, buckets, BUCKETS);
    capos_server_add(&server, &keeper);
    capos_server_run(&server);
    return 0;
}
