// SPDX-License-Identifier: MIT
//
// What code that was compiled with -fsanitize=thread calls, for each access to memory. The names
// are the compilers'; where they lead is model.c, while something is explored and the place is
// watched; else the access is just made.
#include "tests/order/model.h"

#include <string.h>

#include "tests/order/plain.h"
#undef memcpy
#undef memmove
#undef memset

#define HERE __builtin_return_address(0)

void __tsan_init(void);
void __tsan_func_entry(void *from);
void __tsan_func_exit(void);
void __tsan_init(void) {
}
void __tsan_func_entry(void *from) {
    (void)from;
}
void __tsan_func_exit(void) {
}

#define PLAIN(name, bytes, write)                 \
    void __tsan_##name(void *at);                 \
    void __tsan_##name(void *at) {                \
        model_plain((uintptr_t)at, bytes, write); \
    }
PLAIN(read1, 1, false)
PLAIN(read2, 2, false)
PLAIN(read4, 4, false)
PLAIN(read8, 8, false)
PLAIN(read16, 16, false)
PLAIN(write1, 1, true)
PLAIN(write2, 2, true)
PLAIN(write4, 4, true)
PLAIN(write8, 8, true)
PLAIN(write16, 16, true)
PLAIN(unaligned_read2, 2, false)
PLAIN(unaligned_read4, 4, false)
PLAIN(unaligned_read8, 8, false)
PLAIN(unaligned_read16, 16, false)
PLAIN(unaligned_write2, 2, true)
PLAIN(unaligned_write4, 4, true)
PLAIN(unaligned_write8, 8, true)
PLAIN(unaligned_write16, 16, true)

void __tsan_read_range(void *at, size_t bytes);
void __tsan_write_range(void *at, size_t bytes);
void __tsan_read_range(void *at, size_t bytes) {
    model_plain((uintptr_t)at, bytes, false);
}
void __tsan_write_range(void *at, size_t bytes) {
    model_plain((uintptr_t)at, bytes, true);
}

void *order_memcpy(void *restrict to, const void *restrict from, size_t bytes) {
    model_plain((uintptr_t)from, bytes, false);
    model_plain((uintptr_t)to, bytes, true);
    return memcpy(to, from, bytes);
}

void *order_memmove(void *to, const void *from, size_t bytes) {
    model_plain((uintptr_t)from, bytes, false);
    model_plain((uintptr_t)to, bytes, true);
    return memmove(to, from, bytes);
}

void *order_memset(void *to, int byte, size_t bytes) {
    model_plain((uintptr_t)to, bytes, true);
    return memset(to, byte, bytes);
}

// Functions of what is there and an operand.
static uint64_t put(uint64_t old, uint64_t operand) {
    (void)old;
    return operand;
}
static uint64_t add(uint64_t old, uint64_t operand) {
    return old + operand;
}
static uint64_t sub(uint64_t old, uint64_t operand) {
    return old - operand;
}
static uint64_t and (uint64_t old, uint64_t operand) {
    return old & operand;
}
static uint64_t or (uint64_t old, uint64_t operand) {
    return old | operand;
}

#define ACCESS(what, at, type, order) \
    { what, (uintptr_t)(at), sizeof(type), order, HERE }

#define CHANGE(bits, type, name, builtin, function)                                       \
    type __tsan_atomic##bits##_##name(volatile type *at, type value, int order);          \
    type __tsan_atomic##bits##_##name(volatile type *at, type value, int order) {         \
        const struct model_access access = ACCESS(MODEL_CHANGE, at, type, order);         \
        return model_is_watched(access.at) ? (type)model_change(&access, function, value) \
                                           : builtin(at, value, __ATOMIC_SEQ_CST);        \
    }

// gcc calls compare_exchange_strong and _weak, clang compare_exchange_val, which returns what it
// found.
#define ATOMICS(bits, type)                                                                       \
    type __tsan_atomic##bits##_load(const volatile type *at, int order);                          \
    type __tsan_atomic##bits##_load(const volatile type *at, int order) {                         \
        const struct model_access access = ACCESS(MODEL_READ, at, type, order);                   \
        return model_is_watched(access.at) ? (type)model_load(&access)                            \
                                           : __atomic_load_n(at, __ATOMIC_SEQ_CST);               \
    }                                                                                             \
    void __tsan_atomic##bits##_store(volatile type *at, type value, int order);                   \
    void __tsan_atomic##bits##_store(volatile type *at, type value, int order) {                  \
        const struct model_access access = ACCESS(MODEL_WRITE, at, type, order);                  \
        if (model_is_watched(access.at))                                                          \
            model_store(&access, value);                                                          \
        else                                                                                      \
            __atomic_store_n(at, value, __ATOMIC_SEQ_CST);                                        \
    }                                                                                             \
    bool __tsan_atomic##bits##_compare_exchange_strong(volatile type *at, type *expected,         \
                                                       type value, int order, int failure);       \
    bool __tsan_atomic##bits##_compare_exchange_strong(volatile type *at, type *expected,         \
                                                       type value, int order, int failure) {      \
        const struct model_access access = ACCESS(MODEL_CHANGE, at, type, order);                 \
        uint64_t found = *expected;                                                               \
        bool done;                                                                                \
        if (!model_is_watched(access.at))                                                         \
            return __atomic_compare_exchange_n(at, expected, value, false, __ATOMIC_SEQ_CST,      \
                                               __ATOMIC_SEQ_CST);                                 \
        done = model_compare(&access, failure, &found, value);                                    \
        *expected = (type)found;                                                                  \
        return done;                                                                              \
    }                                                                                             \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type *at, type expected, type value, \
                                                    int order, int failure);                      \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type *at, type expected, type value, \
                                                    int order, int failure) {                     \
        const struct model_access access = ACCESS(MODEL_CHANGE, at, type, order);                 \
        uint64_t found = expected;                                                                \
        if (!model_is_watched(access.at)) {                                                       \
            __atomic_compare_exchange_n(at, &expected, value, false, __ATOMIC_SEQ_CST,            \
                                        __ATOMIC_SEQ_CST);                                        \
            return expected;                                                                      \
        }                                                                                         \
        (void)model_compare(&access, failure, &found, value);                                     \
        return (type)found;                                                                       \
    }                                                                                             \
    bool __tsan_atomic##bits##_compare_exchange_weak(volatile type *at, type *expected,           \
                                                     type value, int order, int failure)          \
        __attribute__((alias("__tsan_atomic" #bits "_compare_exchange_strong")));                 \
    CHANGE(bits, type, exchange, __atomic_exchange_n, put)                                        \
    CHANGE(bits, type, fetch_add, __atomic_fetch_add, add)                                        \
    CHANGE(bits, type, fetch_sub, __atomic_fetch_sub, sub)                                        \
    CHANGE(bits, type, fetch_and, __atomic_fetch_and, and)                                        \
    CHANGE(bits, type, fetch_or, __atomic_fetch_or, or)

ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order) {
    const struct model_access access = {MODEL_FENCE, 0, 0, order, HERE};

    if (model_is_watched(0))
        model_fence(&access);
}
void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order) {
    (void)order;
}
