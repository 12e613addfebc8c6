// SPDX-License-Identifier: MIT
//
// Short names for the compiler attributes that contracts are made of, and for what the compiler is
// told about the way that is mostly taken. Only those; no other macros.
#ifndef CAPOS_BASE_ATTRIBUTES_H
#define CAPOS_BASE_ATTRIBUTES_H

// The result says whether it worked: ignoring it is an error.
#define must_use __attribute__((warn_unused_result))

// Seldom called: kept out of its callers, which take the way around it to be the usual one. Apart:
// kept out of them, however often it is called. Flat: all that it calls, but for those two, becomes
// part of it. Inlined: always part of its callers, as it is as short as a call.
#define seldom  __attribute__((cold, noinline))
#define apart   __attribute__((noinline))
#define flat    __attribute__((flatten))
#define inlined inline __attribute__((always_inline))

#define LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

#endif
