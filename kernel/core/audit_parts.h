// SPDX-License-Identifier: MIT
// The parts of the audit, for audit.c and audit_digest.c.
#ifndef CORE_AUDIT_PARTS_H
#define CORE_AUDIT_PARTS_H

struct cpu;
struct endpoint;
struct object;
struct process;

// A process with its table, tokens, threads and rings, and the endpoints that these lead to.
const char *audit_process(const struct process *process);

const char *audit_endpoint(const struct endpoint *endpoint);

// Visits the object of every reference from table entries, records, tokens, threads, revokers and
// the list of processes. Not those between objects of types that the core does not know, nor to
// endpoints.
void audit_walk(struct cpu *cpu, void (*visit)(struct object *object, void *context),
                void *context);

#endif
