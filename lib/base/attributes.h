// SPDX-License-Identifier: MIT
//
// Short names for the compiler attributes that contracts are made of. Only those; no other macros.
#ifndef CAPOS_BASE_ATTRIBUTES_H
#define CAPOS_BASE_ATTRIBUTES_H

// The result says whether it worked: ignoring it is an error.
#define must_use __attribute__((warn_unused_result))

#endif
