// SPDX-License-Identifier: MIT
//
// The reference model of capabilities, calls and transfers: what a kernel with a few processes must
// do, written down as plainly as possible, with sets and lists where the kernel has tables and
// records. It knows nothing of memory, locks or CPUs. The driver (core_model.c) asks it what each
// operation must do and compares.
#ifndef CAPOS_TESTS_MODEL_MODEL_H
#define CAPOS_TESTS_MODEL_MODEL_H

#include <capos/limits.h>
#include <capos/ring.h>
#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    PROCESSES = 5,
    ENDPOINTS = 3,
    OBJECTS = 2048,
    HOLDS = 64, // the processes' limit of slots
    SLOTS = 16,
    TOKENS = 4, // the processes' limit of calls held
    EVENTS = 64,
    QUEUE = PROCESSES * SLOTS,
    REVOKERS = 32,
    SENT = 3,   // at most so many capabilities in a message
    BEHIND = 3, // at most so many calls behind the first message of a RECV
};

enum object_kind_m { NOTHING, PLAIN, FACET, RECEIVER };

struct m_object {
    enum object_kind_m kind;
    int endpoint;
    uint32_t epoch; // of a minted facet, of a Receiver
    bool root;      // a facet that was not minted
    uint64_t id, interface;
    bool noticed;     // its end is to be told
    const void *real; // once the driver has seen it
    int what;         // PLAIN: the driver's
    uint64_t owner;   // serial of the process that it is charged to, or 0
    uint64_t number;  // by which the kernel tells it from others, once the driver has seen it
};

struct m_hold {
    uint64_t cap; // 0 until the process has seen it
    int object;   // -1: no hold
    uint8_t scope;
    int revoker;     // 0: none
    uint64_t serial; // differs each time that it is used
};

enum m_state { IDLE, QUEUED, DELIVERED, ARMED, WAITING, DUE, PARKED };

struct m_call {
    enum m_state state;
    uint64_t serial; // differs each time that the slot is named
    struct capos_sqe sqe;
    struct capos_descriptor sent[SENT];
    int target;
    int revoker;   // through which it was made, or 0
    int server;    // DELIVERED: who holds it
    uint64_t word; // the params' first; PARKED: the word's number

    // How it has ended, once it is IDLE again.
    bool named, failed;
    struct m_brought {
        int hold; // -1: none
        uint64_t serial;
    } brought[SENT];
    struct m_brought released; // DUE, a RELEASE of what an answer has brought
};

struct m_token {
    bool used, cancelled;
    uint64_t id; // 0 until the process has seen it
    int caller, slot;
    uint64_t serial; // of the caller's record
    int receiver;
    int receive_slot;
    uint64_t receive_serial;
    int kept; // slots of the RECV's room that stay reserved for a REARM
};

// A completion that a process is to get, and what must be in its memory then.
struct m_event {
    uint64_t user_data;
    int32_t result;
    uint8_t flags, caps;
    int slot;
    struct capos_sqe sqe; // of the slot
    bool is_message;
    struct capos_message message; // token 0: to be learnt for `token`
    int token;
    uint64_t word;  // first of params or results
    int hold[SENT]; // of the receiver's holds, for each capability; -1: none
    uint64_t hold_serial[SENT];
    uint64_t own[SENT];
    uint8_t kind[SENT];
    struct m_behind { // further calls that the same RECV has taken
        struct capos_message message;
        int token;
        uint64_t word;
    } behind[BEHIND];
    int behind_count;
};

struct m_process {
    bool alive;
    uint64_t serial; // differs each time that it is started
    uint64_t session;
    bool receives; // it has a table of tokens
    int lent;      // of its slots, to others
    struct m_hold hold[HOLDS];
    struct m_call call[SLOTS];
    int armed[SLOTS], armed_count; // slots, in the order in which they were armed
    int due[SLOTS], due_count;     // and those that its own thread is to run
    struct m_token token[TOKENS];
    bool waiting;
    int wait_slot; // while it waits: for this one only, and takes no messages; or -1
    struct m_event event[EVENTS];
    int event_count;
};

struct m_endpoint {
    uint32_t epoch;
    int receiver; // object, or -1
    int server;   // process, or -1
    struct {
        int process, slot;
    } queue[QUEUE];
    int queue_count;
    // Minted facets that are gone: those of which it is not known that they have been told of, and
    // how many have not been.
    int released[OBJECTS], released_known, released_count;
    struct {
        int process, token;
    } cancelled[PROCESSES * TOKENS];
    int cancelled_count;
};

// Of a revocable copy. [0] is none.
struct m_revoker {
    bool used;
    bool session; // what ends with a session; it is no copy itself
    int parent;   // 0: none
    int depth;    // of a session 0
    bool dead;
    bool held;    // the driver may revoke it
    int pins;     // what else of the driver's names it
    uint64_t age; // by which those below one are swept
};

// What has become of an object id that was minted: each is told once, or not at all when its server
// is gone before.
enum m_id { UNKNOWN, MINTED, RELEASED, TOLD };

enum { IDS = 1 << 18 };

// A word that PARK or UNPARK names: not OK when it is none.
struct m_word {
    enum capos_status status;
    uint64_t number;
    int revoker; // through which it is named, or 0
    uint32_t value;
};

struct model {
    uint8_t id[IDS];
    struct m_object object[OBJECTS];
    int objects; // of these, all that are in use
    struct m_process process[PROCESSES];
    struct m_endpoint endpoint[ENDPOINTS];
    struct m_revoker revoker[REVOKERS];
    uint64_t serial;
    struct m_word (*word)(int process, const struct capos_sqe *sqe); // the driver's; for PARK
    void (*gone)(struct m_object *object); // of a PLAIN one: told to the driver; may be NULL
};

void model_init(struct model *model);

// New things, as a supervisor makes them.
void model_start(struct model *model, int process, uint64_t session);
int model_object(struct model *model, enum object_kind_m kind, int endpoint, uint64_t id);
int model_grant(struct model *model, int process, int object, uint64_t cap, uint8_t scope);

// Revokers: one over what is held through `parent` (0: without one), for the driver to hold; 0 when
// there is no room. What is granted through it is granted by model_grant and then said to be so.
// Its revocation while nobody waits. Its revoker is given up by the driver.
bool model_has_revoker(struct model *model);
int model_revoker(struct model *model, int parent);
void model_revoke(struct model *model, int revoker);

// The same for a session that somebody starts, and whether something belongs to one: then it can be
// passed to none of the model's processes.
int model_session(struct model *model);
bool model_is_bound(const struct model *model, int revoker);
void model_drop_revoker(struct model *model, int revoker);
bool model_is_dead(const struct model *model, int revoker);

// A cap_enter of a process that doesn't wait, with one SQE or none (NULL). `sent` and `word` are
// what it has put in memory. What completes is added to the processes' events.
void model_enter(struct model *model, int process, const struct capos_sqe *sqe,
                 const struct capos_descriptor *sent, uint64_t word);

// The same by a cap_enter that waits for a slot which is free: armed RECVs take nothing.
void model_enter_quietly(struct model *model, int process, const struct capos_sqe *sqe,
                         const struct capos_descriptor *sent, uint64_t word);

// The same by a cap_enter that waits, for a slot or (-1) any completion. It waits if there is none.
void model_enter_to_wait(struct model *model, int process, const struct capos_sqe *sqe,
                         const struct capos_descriptor *sent, uint64_t word, int slot);

// The same with an UNPARK and a PARK, one after the other.
void model_hand_over(struct model *model, int process, const struct capos_sqe *unpark,
                     const struct capos_sqe *park, int slot);

// Does the RETURN or UNPARK end something of another process that others wait for, so that its
// thread may go on with these at the same time?
bool model_starts_others(const struct model *model, int process, const struct capos_sqe *sqe);

// The SQE was refused for a reason that the model doesn't know.
void model_refuse(struct model *model, int process, const struct capos_sqe *sqe);

// The process begins to wait for a completion; it has none. Or for a slot, which is in use. It ends
// when that is over, or something is due, and the driver has run it.
void model_wait(struct model *model, int process);
void model_wait_for(struct model *model, int process, int slot);
bool model_may_go_on(const struct model *model, int process);
void model_resume(struct model *model, int process);

void model_kill(struct model *model, int process);

// At most so many facets end with a process that its server, another process, is told of.
int model_facets_ending(const struct model *model, int process, int server);

// A message has told of an id, of those that could be told. False: it was none.
bool model_told(struct model *model, uint64_t id);

// Are there so many slots, if what is kept for REARMs is given up? The second gives it up when it
// is needed and enough, as taking them does.
bool model_could_fit(const struct model *model, int process, int room);
bool model_fits(struct model *model, int process, int room);

// Revokers that nobody refers to any more are gone.
void model_collect_revokers(struct model *model);

int model_find_hold(const struct model *model, int process, uint64_t cap);
int model_reserved(const struct model *model, int process);
int model_used(const struct model *model, int process);
int model_tokens(const struct model *model, int process);

// Has the process anything in flight?
bool model_is_busy(const struct model *model, int process);

// Could an operation of the process's lead to anything but its own end? For the injector, whose
// failures are to hit that operation.
bool model_is_quiet(const struct model *model, int process, const struct capos_sqe *sqe);

#endif
