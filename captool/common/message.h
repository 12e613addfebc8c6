// SPDX-License-Identifier: MIT
// Between trees and messages, by schema. Encoding checks everything that the schema and its
// annotations say (maxLength, listKey, interfaceId) and reports all that is wrong, not only the
// first; decoding shows all that a message holds, or refuses it: nothing is lost either way.
#ifndef CAPTOOL_COMMON_MESSAGE_H
#define CAPTOOL_COMMON_MESSAGE_H

#include "captool/common/schema.h"
#include "captool/common/tree.h"

// One segment without framing, in the pool.
struct message {
    uint64_t *words;
    uint32_t size;
};

// Makes a message in canonical form whose root is the struct: the same content is the same bytes.
// False when errors were reported. The tree's mappings about which there was one are marked faulty.
bool message_encode(struct diag *diag, const struct schema *schema, struct capos_struct node,
                    struct tree *tree, struct message *message);

// Copies what a reader reads in canonical form, from the root on. False if that takes more than
// `room` words, or the reader has or comes to a fault.
bool message_canonical(struct pool *pool, struct capos_reader *reader, uint64_t room,
                       struct message *message);

// How much a decoded tree says.
enum message_detail {
    MESSAGE_BRIEF,    // numbers that have their defaults are left out: for people
    MESSAGE_COMPLETE, // only what is null is left out, as other JSON tools of Cap'n Proto do
};

// Makes the tree of a message. NULL, with errors reported about the file, when the bytes are no
// message of this struct or hold what the schema does not know.
struct tree *message_decode(struct diag *diag, const struct schema *schema,
                            struct capos_struct node, struct capos_reader *reader,
                            const struct source *source, enum message_detail detail);

#endif
