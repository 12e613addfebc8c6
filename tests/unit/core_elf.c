// SPDX-License-Identifier: MIT
//
// kernel/core/elf: a good program is laid out as it says; each way of being wrong is refused with
// its own words; and whatever is done to the bytes, what is accepted keeps the rules that the rest
// of the kernel relies on, and loads or fails cleanly.
#include "core/elf.h"

#include "base/bytes.h"
#include "core/frame.h"
#include "core/memory.h"
#include "core/vm.h"
#include "tests/harness.h"
#include "tests/host/host.h"

#include <elf.h>
#include <string.h>

enum { PAGE = FRAME_SIZE, FILE_PAGES = 5 };

static struct host *host;
static struct cpu *cpu;
static struct vm *vm;
static struct memory *file;
static uint8_t bytes[FILE_PAGES * PAGE] __attribute__((aligned(PAGE)));
static struct elf_image image;

static Elf64_Ehdr *header(void) {
    return (Elf64_Ehdr *)bytes;
}

static Elf64_Phdr *program(unsigned i) {
    return (Elf64_Phdr *)(bytes + sizeof(Elf64_Ehdr)) + i;
}

static Elf64_Phdr load(uint32_t flags, uint64_t offset, uint64_t address, uint64_t file_bytes,
                       uint64_t memory_bytes) {
    return (Elf64_Phdr){.p_type = PT_LOAD,
                        .p_flags = flags,
                        .p_offset = offset,
                        .p_vaddr = address,
                        .p_filesz = file_bytes,
                        .p_memsz = memory_bytes,
                        .p_align = PAGE};
}

// Constants, text, data with a tail of zeroes that reaches into another page, and what linkers add.
static void good_program(void) {
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i / 7 + 1);
    *header() = (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                             .e_type = ET_EXEC,
                             .e_machine = EM_X86_64,
                             .e_version = EV_CURRENT,
                             .e_entry = 0x401010,
                             .e_phoff = sizeof(Elf64_Ehdr),
                             .e_ehsize = sizeof(Elf64_Ehdr),
                             .e_phentsize = sizeof(Elf64_Phdr),
                             .e_phnum = 5};
    *program(0) = load(PF_R, 0, 0x400000, 0x300, 0x300);
    *program(1) = load(PF_R | PF_X, PAGE, 0x401000, 2 * PAGE - 7, 2 * PAGE - 7);
    *program(2) = load(PF_R | PF_W, 3 * PAGE + 16, 0x403010, PAGE + 100, 2 * PAGE + 500);
    *program(3) = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
    *program(4) = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = UINT64_MAX};
}

static void setup(void) {
    host = host_create(1);
    cpu = &host->cpus[0];
    good_program();
    ck_assert_int_eq(vm_create(cpu, &host->kernel.root, &vm), CAPOS_STATUS_OK);
    ck_assert_int_eq(memory_create_fixed(cpu, &host_memory_type, &host->kernel.root,
                                         machine_direct_paddr(bytes), FILE_PAGES, true, &file),
                     CAPOS_STATUS_OK);
}

static void teardown(void) {
    vm_destroy(cpu, vm);
    object_put(cpu, &file->object);
    host_destroy(host);
}

static const uint8_t *byte_at(uint64_t address, enum protection *protection) {
    struct paddr frame;

    if (!machine_space_lookup(cpu, vm_space(vm), (struct uaddr){address & ~(uint64_t)(PAGE - 1)},
                              &frame, protection))
        return NULL;
    return (const uint8_t *)machine_direct(frame) + address % PAGE;
}

START_TEST(a_good_program_is_read) {
    ck_assert_pstr_eq(elf_read(file, &image), NULL);
    ck_assert_uint_eq(image.entry.value, 0x401010);
    ck_assert_uint_eq(image.count, 3);
    ck_assert(image.segment[0].mapped);
    ck_assert(image.segment[1].mapped);
    ck_assert(!image.segment[2].mapped);
    ck_assert_uint_eq(image.segment[1].pages, 2);
    ck_assert_uint_eq(image.segment[2].pages, 3);
    ck_assert_int_eq(image.segment[1].protection, PROTECTION_READ_EXECUTE);
}
END_TEST

START_TEST(a_program_says_how_large_its_stack_is) {
    ck_assert_pstr_eq(elf_read(file, &image), NULL);
    ck_assert_uint_eq(image.stack_pages, ELF_STACK_PAGES);
    program(3)->p_memsz = PAGE + 1;
    ck_assert_pstr_eq(elf_read(file, &image), NULL);
    ck_assert_uint_eq(image.stack_pages, 2);
    program(3)->p_memsz = ELF_STACK_PAGES_MAX * (uint64_t)PAGE;
    ck_assert_pstr_eq(elf_read(file, &image), NULL);
    ck_assert_uint_eq(image.stack_pages, ELF_STACK_PAGES_MAX);
}
END_TEST

START_TEST(text_is_mapped_data_is_copied_the_rest_is_zero) {
    enum protection protection;

    ck_assert_pstr_eq(elf_read(file, &image), NULL);
    ck_assert_int_eq(elf_load(cpu, &image, file, NULL, vm), CAPOS_STATUS_OK);
    ck_assert_ptr_eq(byte_at(0x401010, &protection), bytes + PAGE + 0x10);
    ck_assert_int_eq(protection, PROTECTION_READ_EXECUTE);
    ck_assert_ptr_eq(byte_at(0x400000, &protection), bytes);
    ck_assert_int_eq(protection, PROTECTION_READ);
    for (uint64_t at = 0x403000; at < 0x406000; at++) {
        const uint8_t *byte = byte_at(at, &protection);
        bool inside = at >= 0x403010 && at < 0x403010 + PAGE + 100;

        ck_assert_int_eq(protection, PROTECTION_READ_WRITE);
        ck_assert(byte < bytes || byte >= bytes + sizeof bytes); // a copy
        ck_assert_uint_eq(*byte, inside ? bytes[at - 0x400000] : 0);
    }
    ck_assert_ptr_null(byte_at(0x406000, &protection));
    ck_assert_ptr_null(vm_audit(cpu, vm));
}
END_TEST

START_TEST(constants_with_a_tail_are_copied) {
    enum protection protection;

    *program(0) = load(PF_R, 0, 0x400000, 0x300, 0x400);
    ck_assert_pstr_eq(elf_read(file, &image), NULL);
    ck_assert_int_eq(elf_load(cpu, &image, file, NULL, vm), CAPOS_STATUS_OK);
    ck_assert_uint_eq(*byte_at(0x4002ff, &protection), bytes[0x2ff]);
    ck_assert_uint_eq(*byte_at(0x400300, &protection), 0);
    ck_assert_int_eq(protection, PROTECTION_READ);
}
END_TEST

START_TEST(no_room_for_it_is_said) {
    ck_assert_int_eq(vm_place(cpu, vm, (struct uaddr){0x402000}, 1, PROTECTION_READ),
                     CAPOS_STATUS_OK);
    ck_assert_pstr_eq(elf_read(file, &image), NULL);
    ck_assert_int_eq(elf_load(cpu, &image, file, NULL, vm), CAPOS_STATUS_MALFORMED);
}
END_TEST

START_TEST(what_can_still_change_is_refused) {
    struct memory *open;

    ck_assert_int_eq(memory_create_fixed(cpu, &host_memory_type, &host->kernel.root,
                                         machine_direct_paddr(bytes), FILE_PAGES, false, &open),
                     CAPOS_STATUS_OK);
    ck_assert_str_eq(elf_read(open, &image), "the binary is not sealed");
    object_put(cpu, &open->object);
}
END_TEST

// One change that makes the program bad, and the words that answer it.
struct bad {
    size_t at;
    unsigned size;
    uint64_t value;
    const char *words;
};

#define HEADER(field) offsetof(Elf64_Ehdr, field), sizeof(((Elf64_Ehdr *)0)->field)
#define PROGRAM(i, field)                                                        \
    sizeof(Elf64_Ehdr) + (i) * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, field), \
        sizeof(((Elf64_Phdr *)0)->field)

static const struct bad bad_programs[] = {
    {0, 1, 0x7e, "no ELF file"},
    {4, 1, ELFCLASS32, "not for x86_64"},
    {5, 1, ELFDATA2MSB, "not for x86_64"},
    {HEADER(e_machine), EM_AARCH64, "not for x86_64"},
    {HEADER(e_version), 2, "not for x86_64"},
    {HEADER(e_type), ET_DYN, "no static executable"},
    {HEADER(e_type), ET_REL, "no static executable"},
    {HEADER(e_ehsize), 63, "another size"},
    {HEADER(e_phentsize), 57, "another size"},
    {HEADER(e_phnum), 0, "no program headers, or too many"},
    {HEADER(e_phnum), ELF_HEADERS_MAX + 1, "no program headers, or too many"},
    {HEADER(e_phnum), 65535, "no program headers, or too many"},
    {HEADER(e_phoff), sizeof bytes - 100, "program headers lie outside"},
    {HEADER(e_phoff), UINT64_MAX - 60, "program headers lie outside"},
    {HEADER(e_entry), 0, "entry point"},
    {HEADER(e_entry), 0x400010, "entry point"},
    {HEADER(e_entry), 0x403020, "entry point"},
    {HEADER(e_entry), 0x401000 + 2 * PAGE - 7, "entry point"},
    {PROGRAM(1, p_flags), PF_R | PF_W | PF_X, "both writable and executable"},
    {PROGRAM(1, p_flags), PF_W | PF_X, "both writable and executable"},
    {PROGRAM(1, p_flags), PF_R, "entry point"},
    {PROGRAM(1, p_memsz), 2 * PAGE, "not all in the file"},
    {PROGRAM(1, p_memsz), 1, "larger in the file"},
    {PROGRAM(2, p_memsz), 0, "larger in the file"},
    {PROGRAM(2, p_offset), 4 * PAGE + 16, "outside of the file"},
    {PROGRAM(2, p_offset), UINT64_MAX - PAGE + 17, "outside of the file"},
    {PROGRAM(2, p_offset), 3 * PAGE + 17, "not aligned as in the file"},
    {PROGRAM(2, p_align), 3, "bad alignment"},
    {PROGRAM(2, p_align), UINT64_C(1) << 30, "not aligned as in the file"},
    {PROGRAM(2, p_memsz), (ELF_OWN_PAGES_MAX + 1) * (uint64_t)PAGE, "segments are too large"},
    {PROGRAM(2, p_memsz), UINT64_MAX, "outside of the address space"},
    {PROGRAM(2, p_memsz), UINT64_C(0x7fffffc00000), "outside of the address space"},
    {PROGRAM(0, p_vaddr), 0, "outside of the address space"},
    {PROGRAM(0, p_vaddr), MACHINE_USER_START - PAGE, "outside of the address space"},
    {PROGRAM(0, p_vaddr), UINT64_C(0x7ffffffff000), "outside of the address space"},
    {PROGRAM(0, p_vaddr), UINT64_C(0xffff800000000000), "outside of the address space"},
    {PROGRAM(0, p_vaddr), 0x401000, "overlap"},
    {PROGRAM(0, p_vaddr), 0x800000, "overlap"},
    {PROGRAM(1, p_vaddr), 0x402000, "overlap"},
    {PROGRAM(3, p_flags), PF_R | PF_W | PF_X, "executable stack"},
    {PROGRAM(3, p_memsz), ELF_STACK_PAGES_MAX *(uint64_t)PAGE + 1, "too large a stack"},
    {PROGRAM(3, p_memsz), UINT64_MAX, "too large a stack"},
    {PROGRAM(3, p_type), PT_INTERP, "not static"},
    {PROGRAM(3, p_type), PT_DYNAMIC, "not static"},
};

START_TEST(each_mistake_is_refused_in_its_own_words) {
    const struct bad *bad = &bad_programs[_i];

    memcpy(bytes + bad->at, &bad->value, bad->size);
    const char *words = elf_read(file, &image);
    ck_assert_msg(words != NULL, "accepted: %s", bad->words);
    ck_assert_msg(strstr(words, bad->words) != NULL, "\"%s\", not \"%s\"", words, bad->words);
}
END_TEST

static Elf64_Phdr local(uint64_t address, uint64_t file_bytes, uint64_t memory_bytes,
                        uint64_t alignment) {
    return (Elf64_Phdr){.p_type = PT_TLS,
                        .p_vaddr = address,
                        .p_filesz = file_bytes,
                        .p_memsz = memory_bytes,
                        .p_align = alignment};
}

START_TEST(thread_local_storage_lies_in_a_segment) {
    static const struct {
        uint64_t address, file_bytes, memory_bytes, alignment;
        const char *words;
    } cases[] = {
        {0x400100, 0x200, 0x200, 64, NULL},
        {0x400100, 0x200, ELF_THREAD_LOCAL_MAX, 1, NULL},
        {0x403010, PAGE + 100, PAGE + 100, 8, NULL},
        {0, 0, 100, 0, NULL},
        {0x400100, 0x201, 0x201, 64, "in no segment"},
        {0x3ffff0, 0x20, 0x20, 64, "in no segment"},
        {UINT64_MAX, 0x20, 0x20, 64, "in no segment"},
        {0x403010, PAGE + 101, PAGE + 101, 8, "in no segment"},
        {0x400100, 0x200, 0x1ff, 64, "bad size or alignment"},
        {0x400100, 0x200, ELF_THREAD_LOCAL_MAX + 1, 64, "bad size or alignment"},
        {0x400100, 0x200, UINT64_MAX, 64, "bad size or alignment"},
        {0x400100, 0x200, 0x200, 128, "bad size or alignment"},
        {0x400100, 0x200, 0x200, 24, "bad size or alignment"},
    };

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        *program(3) =
            local(cases[i].address, cases[i].file_bytes, cases[i].memory_bytes, cases[i].alignment);
        const char *words = elf_read(file, &image);
        ck_assert_msg((words == NULL) == (cases[i].words == NULL), "case %u: %s", i, words);
        ck_assert_msg(words == NULL || strstr(words, cases[i].words) != NULL, "case %u: %s", i,
                      words);
    }
    *program(3) = *program(4) = local(0x400100, 8, 8, 8);
    ck_assert_str_eq(elf_read(file, &image), "the binary has thread-local storage twice");
}
END_TEST

START_TEST(too_many_segments_are_refused) {
    header()->e_phnum = ELF_SEGMENTS_MAX + 1;
    for (unsigned i = 0; i <= ELF_SEGMENTS_MAX; i++)
        *program(i) = load(PF_R, 0, 0x500000 + i * PAGE, 1, 1);
    ck_assert_str_eq(elf_read(file, &image), "the binary has too many segments");
}
END_TEST

START_TEST(a_text_file_is_refused) {
    memset(bytes, 'x', sizeof bytes);
    ck_assert_str_eq(elf_read(file, &image), "the binary is no ELF file");
}
END_TEST

// What the loader and the process start rely on.
static void assert_rules(void) {
    uint64_t free = MACHINE_USER_START;
    bool entry = false;

    ck_assert_uint_ge(image.stack_pages, 1);
    ck_assert_uint_le(image.stack_pages, ELF_STACK_PAGES_MAX);
    ck_assert_uint_ge(image.count, 1);
    ck_assert_uint_le(image.count, ELF_SEGMENTS_MAX);
    for (uint32_t i = 0; i < image.count; i++) {
        const struct elf_segment *s = &image.segment[i];
        uint64_t size = s->pages * PAGE;

        ck_assert_uint_ge(s->first, free);
        ck_assert_uint_eq(s->first % PAGE, 0);
        ck_assert_uint_lt(s->first, REGION_AREA_END);
        ck_assert_uint_le(s->pages, (REGION_AREA_END - s->first) / PAGE);
        ck_assert_uint_lt(s->address - s->first, PAGE);
        ck_assert_uint_le(s->address - s->first + s->bytes, size);
        ck_assert_uint_le(s->offset, sizeof bytes);
        ck_assert_uint_le(s->bytes, sizeof bytes - s->offset);
        ck_assert(!s->mapped || s->protection != PROTECTION_READ_WRITE);
        ck_assert(s->mapped || s->protection != PROTECTION_READ_EXECUTE);
        entry |= s->protection == PROTECTION_READ_EXECUTE && image.entry.value >= s->address &&
                 image.entry.value - s->address < s->bytes;
        free = s->first + size;
    }
    ck_assert(entry);
}

// Changes a few numbers of the headers to any value or to nearly what they were.
static void mutate(struct harness_random *random) {
    uint64_t changes = 1 + harness_random_below(random, 4);

    for (uint64_t i = 0; i < changes; i++) {
        size_t size = (size_t)1 << harness_random_below(random, 4);
        size_t at = harness_random_below(random, 5) == 0
                        ? harness_random_below(random, sizeof(Elf64_Ehdr)) / size * size
                        : sizeof(Elf64_Ehdr) +
                              harness_random_below(random, 5 * sizeof(Elf64_Phdr)) / size * size;
        uint64_t value = 0;

        memcpy(&value, bytes + at, size);
        if (harness_random_below(random, 2))
            value = harness_random_sized(random);
        else
            value += (harness_random_below(random, 9) - 4) *
                     (harness_random_below(random, 2) ? 1 : PAGE);
        memcpy(bytes + at, &value, size);
    }
}

START_TEST(mutated_programs_keep_the_rules_or_are_refused) {
    struct harness_random random = harness_random_start();
    unsigned accepted = 0, loaded = 0;

    for (int i = 0; i < 20000; i++) {
        good_program();
        mutate(&random);
        if (elf_read(file, &image) != NULL)
            continue;
        accepted++;
        assert_rules();
        if (accepted % 8 != 0)
            continue;
        loaded += elf_load(cpu, &image, file, NULL, vm) == CAPOS_STATUS_OK;
        ck_assert_ptr_null(vm_audit(cpu, vm));
        vm_destroy(cpu, vm);
        ck_assert_int_eq(vm_create(cpu, &host->kernel.root, &vm), CAPOS_STATUS_OK);
    }
    // Else the mutations are no test of what lies behind the checks.
    ck_assert_uint_gt(accepted, 1000);
    ck_assert_uint_gt(loaded, 100);
    ck_assert_uint_lt(accepted, 15000);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core/elf");
    TCase *tcase = tcase_create("elf");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_good_program_is_read);
    tcase_add_test(tcase, a_program_says_how_large_its_stack_is);
    tcase_add_test(tcase, text_is_mapped_data_is_copied_the_rest_is_zero);
    tcase_add_test(tcase, constants_with_a_tail_are_copied);
    tcase_add_test(tcase, no_room_for_it_is_said);
    tcase_add_test(tcase, what_can_still_change_is_refused);
    tcase_add_loop_test(tcase, each_mistake_is_refused_in_its_own_words, 0,
                        sizeof bad_programs / sizeof bad_programs[0]);
    tcase_add_test(tcase, thread_local_storage_lies_in_a_segment);
    tcase_add_test(tcase, too_many_segments_are_refused);
    tcase_add_test(tcase, a_text_file_is_refused);
    tcase_add_test(tcase, mutated_programs_keep_the_rules_or_are_refused);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
