// SPDX-License-Identifier: MIT
//
// The client of the test of many objects: takes as many Items as the first word of its page says,
// tries them, writes how many it holds to the second word, and waits. When the third word is set it
// looks whether they are dead, as they must be with their server gone.
//
// Exit statuses: 0; 3 an Item is another one than it should be; 4 a method was called that the
// facet's interface does not have; 5 an Item that came home was not known; 6 a dead one answers; 7
// something else.
#include "capos/runtime.h"
#include "schemas/memory.capos.h"
#include "schemas/time.capos.h"
#include "tests/boot/objects/hoard.capos.h"
#include "tests/guest/parts.h"

#include <stdatomic.h>

enum { OTHER = 3, WIDER = 4, STRANGE = 5, ALIVE = 6, BROKEN = 7, PAUSE_NS = 1000000 };
enum { WANTED, HELD, DEAD, STATUS };

static _Atomic uint64_t *page;
static struct hoard_keeper keeper;
static struct capos_timer timer;
static struct hoard_item some[64]; // one of each so many
static uint64_t numbers[64];

static void fail(int status) {
    atomic_store(&page[STATUS], (uint64_t)status);
    capos_exit(status);
}

static int number_of(struct hoard_item item, uint64_t *number) {
    struct hoard_item_number_results results;
    struct capos_call call;
    int outcome = hoard_item_number(&call, capos_ring(), item, &results);

    if (outcome == CAPOS_DONE)
        *number = hoard_item_number_results_number(results);
    capos_call_release(&call);
    return outcome;
}

static void check(struct hoard_item item, uint64_t expected) {
    uint64_t number = 0;

    if (number_of(item, &number) != CAPOS_DONE || number != expected)
        fail(OTHER);
}

static void take_four(uint64_t first) {
    struct hoard_keeper_take_results results;
    struct capos_call call;

    if (hoard_keeper_take(&call, capos_ring(), keeper, &results) != CAPOS_DONE)
        fail(BROKEN);
    struct hoard_item item[4] = {
        hoard_keeper_take_results_a(results), hoard_keeper_take_results_b(results),
        hoard_keeper_take_results_c(results), hoard_keeper_take_results_d(results)};
    capos_call_release(&call);
    if (first % 256 != 1)
        return;
    for (unsigned i = 0; i < 4; i++)
        check(item[i], first + i);
    some[first / 256 % 64] = item[3];
    numbers[first / 256 % 64] = first + 3;
}

// An Item's facet has the methods of Item, whatever its server has besides.
static void check_interface(void) {
    struct hoard_keeper wrong = {some[0].id};
    struct hoard_keeper_count_results results;
    struct capos_call call;

    if (hoard_keeper_count(&call, capos_ring(), wrong, &results) != CAPOS_UNIMPLEMENTED)
        fail(WIDER);
    capos_call_release(&call);
}

static void check_home(void) {
    struct hoard_keeper_give_back_results results;
    struct capos_call call;

    hoard_keeper_give_back_params_set_item(
        hoard_keeper_give_back_begin(&call, capos_ring(), keeper), some[1]);
    if (hoard_keeper_give_back_call(&call, &results) != CAPOS_DONE ||
        !hoard_keeper_give_back_results_own(results) ||
        hoard_keeper_give_back_results_number(results) != numbers[1])
        fail(STRANGE);
    capos_call_release(&call);
}

// Two facets of one object: each is released on its own.
static void take_again(void) {
    struct hoard_keeper_again_results results;
    struct capos_call call;

    hoard_keeper_again_params_set_number(hoard_keeper_again_begin(&call, capos_ring(), keeper),
                                         numbers[0]);
    if (hoard_keeper_again_call(&call, &results) != CAPOS_DONE)
        fail(BROKEN);
    struct hoard_item item = hoard_keeper_again_results_item(results);
    capos_call_release(&call);
    check(item, numbers[0]);
    capos_release(item.id);
    check(some[0], numbers[0]);
}

static void pause(void) {
    struct capos_timer_now_results now;
    struct capos_timer_sleep_until_results slept;
    struct capos_call call;

    if (capos_timer_now(&call, capos_ring(), timer, &now) != CAPOS_DONE)
        fail(BROKEN);
    uint64_t time = capos_timer_now_results_nanoseconds(now);
    capos_call_release(&call);
    (void)capos_timer_sleep_until(&call, capos_ring(), timer, time + PAUSE_NS, &slept);
    capos_call_release(&call);
}

int main(void) {
    uint64_t wanted, number;

    page = guest_map(capos_need("page", CAPOS_MEMORY_OBJECT_INTERFACE_ID), CAPOS_PAGE_SIZE);
    keeper.id = capos_need("keeper", HOARD_KEEPER_INTERFACE_ID);
    timer.id = capos_need("timer", CAPOS_TIMER_INTERFACE_ID);
    wanted = atomic_load(&page[WANTED]);
    for (uint64_t held = 0; held < wanted; held += 4)
        take_four(held + 1);
    check_interface();
    check_home();
    take_again();
    atomic_store(&page[HELD], wanted);
    while (atomic_load(&page[DEAD]) == 0)
        pause();
    for (unsigned i = 0; i < 64 && numbers[i] != 0; i++)
        if (number_of(some[i], &number) != -CAPOS_STATUS_DISCONNECTED)
            fail(ALIVE);
    return 0;
}
