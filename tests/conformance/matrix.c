// SPDX-License-Identifier: MIT
// One kind of list read as another, for a comparison with the capnp tool: `matrix FROM` writes a
// framed message with a list of three elements of that encoding (0 void, 1 bit, 2 to 5 numbers, 6
// pointers, 7 structs); `matrix FROM TO` prints what is read of it as the other kind, as capnp
// does.
#include "capnp/builder.h"
#include "capnp/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 32, COUNT = 3 };

static uint32_t build(uint64_t *words, enum capos_element element) {
    struct capos_builder builder;
    uint32_t size;
    capos_builder_init(&builder, words, ROOM);
    struct capos_pointer_builder p =
        capos_struct_builder_pointer(capos_builder_init_root(&builder, 0, 1), 0);
    struct capos_list_builder list = element == CAPOS_ELEMENT_STRUCT
                                         ? capos_pointer_init_struct_list(p, COUNT, 1, 1)
                                         : capos_pointer_init_list(p, element, COUNT);
    if (capos_builder_finish(&builder, &size) != CAPOS_BUILD_OK)
        exit(EXIT_FAILURE);
    for (uint32_t i = list.data; i < size && element != CAPOS_ELEMENT_POINTER; i++)
        words[i] = UINT64_C(0x0807060504030201) * (i - list.data + 1);
    for (uint32_t i = 0; i < COUNT && element == CAPOS_ELEMENT_STRUCT; i++) {
        words[list.data + 2 * i] = i + 1;
        words[list.data + 2 * i + 1] = 0;
    }
    return size;
}

static void print_element(struct capos_list list, uint32_t index, enum capos_element element) {
    switch (element) {
    case CAPOS_ELEMENT_VOID:
        printf("void");
        break;
    case CAPOS_ELEMENT_BIT:
        printf("%s", capos_list_bool(list, index) ? "true" : "false");
        break;
    case CAPOS_ELEMENT_1:
        printf("%u", capos_list_u8(list, index));
        break;
    case CAPOS_ELEMENT_2:
        printf("%u", capos_list_u16(list, index));
        break;
    case CAPOS_ELEMENT_4:
        printf("%" PRIu32, capos_list_u32(list, index));
        break;
    case CAPOS_ELEMENT_8:
        printf("%" PRIu64, capos_list_u64(list, index));
        break;
    case CAPOS_ELEMENT_POINTER:
        printf("\"%s\"", capos_pointer_text(capos_list_pointer(list, index)).data);
        break;
    case CAPOS_ELEMENT_STRUCT:
        printf("(a=%" PRIu64 ")", capos_struct_u64(capos_list_struct(list, index), 0));
        break;
    }
}

static int print(const uint64_t *words, uint32_t size, enum capos_element element) {
    struct capos_reader reader;
    capos_reader_init(&reader, words, size);
    struct capos_list list =
        capos_pointer_list(capos_struct_pointer(capos_reader_root(&reader), 0), element);
    if (!capos_reader_ok(&reader))
        return EXIT_FAILURE;
    printf("(l=[");
    for (uint32_t i = 0; i < list.size; i++) {
        printf("%s", i == 0 ? "" : ",");
        print_element(list, i, element);
    }
    printf("])\n");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    uint64_t words[ROOM], table;
    if (argc < 2)
        return EXIT_FAILURE;
    uint32_t size = build(words, (enum capos_element)(atoi(argv[1]) & 7));
    if (argc > 2)
        return print(words, size, (enum capos_element)(atoi(argv[2]) & 7));
    capos_stream_write_table(&table, &size, 1);
    fwrite(&table, sizeof table, 1, stdout);
    fwrite(words, sizeof *words, size, stdout);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
