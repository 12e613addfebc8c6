// SPDX-License-Identifier: MIT
// Comes before everything else when the kernel's core is compiled for tests/race: each atomic
// access is a point at which another fiber may go on (explore.h). Fibers share one thread of the
// host, so plain accesses are as good as atomic ones. Guards can be taken out, to show that a test
// sees it: a record's claim, the locks of a rank or all, a use's second look at its revoker, a
// thread's look whether it is to die.
#ifndef TESTS_RACE_ATOMICS_H
#define TESTS_RACE_ATOMICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

enum race_broken {
    RACE_WHOLE,
    RACE_NO_CLAIM,
    RACE_NO_LOCKS,
    RACE_NO_LOCK,
    RACE_ONE_LOOK,
    RACE_NO_DEATH
};

extern int race_broken;           // enum race_broken
extern unsigned race_broken_lock; // enum lock_rank
extern unsigned race_looks;       // in this schedule
void race_point(void);

#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#undef atomic_exchange
#undef atomic_exchange_explicit
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_weak
#undef atomic_compare_exchange_weak_explicit
#undef atomic_fetch_add
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub
#undef atomic_fetch_sub_explicit
#undef atomic_fetch_and
#undef atomic_fetch_and_explicit
#undef atomic_fetch_or
#undef atomic_fetch_or_explicit

#define RACE_ORDER __ATOMIC_SEQ_CST

// What stdatomic.h makes its functions of, by either compiler.
#ifdef __clang__
#define RACE_LOAD(p)        __c11_atomic_load(p, RACE_ORDER)
#define RACE_STORE(p, v)    __c11_atomic_store(p, v, RACE_ORDER)
#define RACE_EXCHANGE(p, v) __c11_atomic_exchange(p, v, RACE_ORDER)
#define RACE_REPLACE(p, expected, v) \
    __c11_atomic_compare_exchange_strong(p, expected, v, RACE_ORDER, RACE_ORDER)
#define RACE_FETCH(what, p, v) __c11_atomic_fetch_##what(p, v, RACE_ORDER)
#else
#define RACE_LOAD(p)        __atomic_load_n(p, RACE_ORDER)
#define RACE_STORE(p, v)    __atomic_store_n(p, v, RACE_ORDER)
#define RACE_EXCHANGE(p, v) __atomic_exchange_n(p, v, RACE_ORDER)
#define RACE_REPLACE(p, expected, v) \
    __atomic_compare_exchange_n(p, expected, v, false, RACE_ORDER, RACE_ORDER)
#define RACE_FETCH(what, p, v) __atomic_fetch_##what(p, v, RACE_ORDER)
#endif

// A look at a revoker, other than a schedule's first, that finds it alive.
#define RACE_IS_SECOND_LOOK(text) \
    (race_broken == RACE_ONE_LOOK && strcmp(text, "&revoker->dead") == 0 && race_looks++ > 0)

// What a thread sees that looks whether it is to die.
#define RACE_IS_DEATH(text) \
    (race_broken == RACE_NO_DEATH && strcmp(text, "&thread->attention") == 0)

#define atomic_load(p) \
    (race_point(), RACE_IS_DEATH(#p) ? (__typeof__(RACE_LOAD(p)))0 : RACE_LOAD(p))
#define atomic_load_explicit(p, order) \
    (RACE_IS_SECOND_LOOK(#p) ? (__typeof__(RACE_LOAD(p)))0 : atomic_load(p))
#define atomic_store(p, v)                 (race_point(), RACE_STORE(p, v))
#define atomic_store_explicit(p, v, order) atomic_store(p, v)

// A lock that is not one: its taker believes that it was free. In struct lock its rank follows.
#define RACE_IS_LOCK(text, p)            \
    (strcmp(text, "&lock->held") == 0 && \
     (race_broken == RACE_NO_LOCKS ||    \
      (race_broken == RACE_NO_LOCK &&    \
       ((const unsigned *)(const void *)(p))[1] == race_broken_lock)))
#define atomic_exchange(p, v) (race_point(), RACE_EXCHANGE(p, v))
#define atomic_exchange_explicit(p, v, order) \
    (race_point(), RACE_IS_LOCK(#p, p) ? 0 : RACE_EXCHANGE(p, v))

// A claim that looks first and stores then.
#define RACE_IS_CLAIM(text) (race_broken == RACE_NO_CLAIM && strcmp(text, "&call->word") == 0)
#define RACE_COMPARE(p, expected, v)                                                           \
    (race_point(), RACE_IS_CLAIM(#p)                                                           \
                       ? RACE_LOAD(p) == *(expected) && (race_point(), RACE_STORE(p, v), true) \
                       : RACE_REPLACE(p, expected, v))
#define atomic_compare_exchange_strong(p, expected, v) RACE_COMPARE(p, expected, v)
#define atomic_compare_exchange_strong_explicit(p, expected, v, order, failure) \
    RACE_COMPARE(p, expected, v)
#define atomic_compare_exchange_weak(p, expected, v) RACE_COMPARE(p, expected, v)
#define atomic_compare_exchange_weak_explicit(p, expected, v, order, failure) \
    RACE_COMPARE(p, expected, v)

#define atomic_fetch_add(p, v)                 (race_point(), RACE_FETCH(add, p, v))
#define atomic_fetch_add_explicit(p, v, order) atomic_fetch_add(p, v)
#define atomic_fetch_sub(p, v)                 (race_point(), RACE_FETCH(sub, p, v))
#define atomic_fetch_sub_explicit(p, v, order) atomic_fetch_sub(p, v)
#define atomic_fetch_and(p, v)                 (race_point(), RACE_FETCH(and, p, v))
#define atomic_fetch_and_explicit(p, v, order) atomic_fetch_and(p, v)
#define atomic_fetch_or(p, v)                  (race_point(), RACE_FETCH(or, p, v))
#define atomic_fetch_or_explicit(p, v, order)  atomic_fetch_or(p, v)

#endif
