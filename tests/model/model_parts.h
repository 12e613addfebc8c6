// SPDX-License-Identifier: MIT
//
// What the parts of the reference model share: model.c has who holds what, model_deliver.c how
// operations end, capabilities pass and messages are delivered, model_run.c and model_park.c what
// each opcode does.
#ifndef CAPOS_TESTS_MODEL_PARTS_H
#define CAPOS_TESTS_MODEL_PARTS_H

#include "tests/model/model.h"

#include <stdlib.h>
#include <string.h>

// A new completion for the process.
struct m_event *model_event_of(struct model *model, int process, int32_t result);

// Ends the operation of a slot. NULL when its completion is skipped.
struct m_event *model_end(struct model *model, int process, int slot, int32_t result,
                          uint8_t flags);

// Takes a call out of an endpoint's queue.
void model_dequeue(struct m_endpoint *e, int index);

// Does a facet name what its endpoint's present server answers for?
bool model_is_live(const struct model *model, const struct m_object *o);

// Objects that nobody refers to any more go; minted facets are told of first.
void model_collect(struct model *model);

// Could these capabilities be passed? All or none.
enum capos_status model_check_all(const struct model *model, int from, int to,
                                  const struct capos_descriptor *sent, int count);

// Passes them; the event is the receiver's, or NULL.
void model_pass_all(struct model *model, int from, int to, const struct capos_descriptor *sent,
                    int count, struct m_event *event);

// Lets an armed RECV have what there is: true when it has ended.
bool model_serve(struct model *model, int endpoint, int process, int slot);

// Lets the newest of the RECVs that wait have something; true when one has.
bool model_match(struct model *model, int endpoint);

// RECVs of a process that no longer has the Receiver end; and those of all that wait.
void model_end_strays(struct model *model, int process);
void model_end_waiting_strays(struct model *model);

// The notice of a cancelled call is not wanted any more.
void model_forget_notice(struct model *model, int process, int token);

// Ends the calls that a process holds: those taken by one Receiver, or all (-1).
void model_end_held(struct model *model, int process, int receiver);

// Takes a capability away from a process.
void model_drop_hold(struct model *model, int process, int hold);

// An operation that waits takes its slot.
void model_name_slot(struct model *model, int process, const struct capos_sqe *sqe, int target,
                     enum m_state state);

enum capos_status model_run_park(struct model *model, int process, const struct capos_sqe *sqe);
enum capos_status model_run_unpark(struct model *model, int process, const struct capos_sqe *sqe,
                                   uint32_t *woken);

// Could an UNPARK of the process's start something of another one's?
bool model_park_is_awaited(const struct model *model, int process, const struct capos_sqe *sqe);

// What waited for another operation can be started.
void model_start_waiting(struct model *model, int process, int slot);

#endif
