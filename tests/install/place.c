// SPDX-License-Identifier: MIT
// A program of somebody else's: builds a Place into the file it is given, in stream framing.
#include <stdio.h>

#include "capnp/stream.h"
#include "place.capos.h"

int main(int argc, char **argv) {
    uint64_t table[1], words[64];
    uint32_t size;
    struct capos_builder builder;
    if (argc != 2 || sizeof table / 8 != capos_stream_table_words(1))
        return 2;
    capos_builder_init(&builder, words, 64);
    struct place_place_builder place = place_place_build_message(&builder);
    place_place_set_name(place, (struct capos_text){"here", 4});
    place_place_set_x(place, -3);
    place_place_set_y(place, 4);
    if (capos_builder_finish(&builder, &size) != CAPOS_BUILD_OK)
        return 1;
    capos_stream_write_table(table, &size, 1);
    FILE *out = fopen(argv[1], "wb");
    if (!out || fwrite(table, 8, 1, out) != 1 || fwrite(words, 8, size, out) != size)
        return 1;
    return fclose(out) == 0 ? 0 : 1;
}
