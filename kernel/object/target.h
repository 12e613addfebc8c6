// SPDX-License-Identifier: MIT
// What generated dispatch hands to a handler of a kernel object as `self`: the object and the CPU
// that serves the call. Lives on the stack of the type's dispatch.
#ifndef OBJECT_TARGET_H
#define OBJECT_TARGET_H

struct cpu;
struct object;

struct target {
    struct cpu *cpu;
    struct object *object;
};

#endif
