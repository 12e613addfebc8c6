// SPDX-License-Identifier: MIT
// The reader and the loader of programs; see elf.h. The file's bytes come from anywhere, so every
// number is checked before it is added to another one.
#include "core/elf.h"

#include "base/bits.h"
#include "base/checked.h"
#include "base/memory.h"
#include "core/cpu.h"
#include "core/frame.h"
#include "core/memory.h"
#include "core/vm.h"

// The file's header and one program header, as the ELF specification lays them out.
struct elf_file_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_bytes, program_header_bytes, program_header_count;
    uint16_t section_header_bytes, section_header_count, section_names;
};
_Static_assert(sizeof(struct elf_file_header) == 64, "fixed by ELF");

struct elf_program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_bytes, memory_bytes, alignment;
};
_Static_assert(sizeof(struct elf_program_header) == 56, "fixed by ELF");

enum {
    ELF_TYPE_EXECUTABLE = 2,
    ELF_MACHINE_X86_64 = 62,
    ELF_VERSION = 1,
};

enum elf_program_type {
    ELF_LOAD = 1,
    ELF_DYNAMIC = 2,
    ELF_INTERPRETER = 3,
    ELF_THREAD_LOCAL = 7,
    ELF_GNU_STACK = 0x6474e551,
};

enum elf_flag { ELF_EXECUTE = 1, ELF_WRITE = 2, ELF_READ = 4 };

static const char *check_header(const struct elf_file_header *header) {
    // Magic number, 64 bits, little endian, version 1.
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

    if (memcmp(header->ident, ident, 4) != 0)
        return "the binary is no ELF file";
    if (memcmp(header->ident, ident, sizeof ident) != 0 || header->machine != ELF_MACHINE_X86_64 ||
        header->version != ELF_VERSION)
        return "the binary is not for x86_64";
    if (header->type != ELF_TYPE_EXECUTABLE)
        return "the binary is no static executable";
    if (header->header_bytes != sizeof(struct elf_file_header) ||
        header->program_header_bytes != sizeof(struct elf_program_header))
        return "the binary's headers have another size";
    if (header->program_header_count == 0 || header->program_header_count > ELF_HEADERS_MAX)
        return "the binary has no program headers, or too many";
    return NULL;
}

// Where the segment lies, in the file and in memory.
static const char *check_range(const struct memory *file, const struct elf_program_header *header) {
    if (header->memory_bytes < header->file_bytes)
        return "a segment of the binary is larger in the file than in memory";
    if (!range_within(header->offset, header->file_bytes, file->pages * FRAME_SIZE))
        return "a segment of the binary lies outside of the file";
    if (header->address < MACHINE_USER_START ||
        !range_within(header->address, header->memory_bytes, REGION_AREA_END))
        return "a segment of the binary lies outside of the address space";
    if (header->alignment > 1 && !is_power_of_two(header->alignment))
        return "a segment of the binary has a bad alignment";
    if ((header->address - header->offset) % max_u64(header->alignment, FRAME_SIZE) != 0)
        return "a segment of the binary is not aligned as in the file";
    return NULL;
}

static const char *read_segment(const struct memory *file, const struct elf_program_header *header,
                                struct elf_segment *segment) {
    const char *wrong = check_range(file, header);

    if (wrong != NULL)
        return wrong;
    if ((header->flags & ELF_WRITE) && (header->flags & ELF_EXECUTE))
        return "a segment of the binary is both writable and executable";
    if ((header->flags & ELF_EXECUTE) && header->memory_bytes != header->file_bytes)
        return "an executable segment of the binary is not all in the file";
    segment->address = header->address;
    segment->bytes = header->file_bytes;
    segment->offset = header->offset;
    segment->first = align_down(header->address, FRAME_SIZE);
    segment->pages =
        (header->address - segment->first + header->memory_bytes + FRAME_SIZE - 1) / FRAME_SIZE;
    segment->protection = PROTECTION_READ;
    if (header->flags & ELF_WRITE)
        segment->protection = PROTECTION_READ_WRITE;
    if (header->flags & ELF_EXECUTE)
        segment->protection = PROTECTION_READ_EXECUTE;
    segment->mapped = !(header->flags & ELF_WRITE) && header->memory_bytes == header->file_bytes;
    return NULL;
}

static const char *read_stack(const struct elf_program_header *header, struct elf_image *image) {
    if (header->flags & ELF_EXECUTE)
        return "the binary wants an executable stack";
    if (header->memory_bytes > ELF_STACK_PAGES_MAX * FRAME_SIZE)
        return "the binary wants too large a stack";
    if (header->memory_bytes != 0)
        image->stack_pages = (uint32_t)((header->memory_bytes + FRAME_SIZE - 1) / FRAME_SIZE);
    return NULL;
}

// Whether a segment holds the image is judged when all have been read.
static const char *read_thread_local(const struct elf_program_header *header,
                                     struct elf_image *image) {
    if (image->local_bytes != 0)
        return "the binary has thread-local storage twice";
    if (header->memory_bytes < header->file_bytes || header->memory_bytes > ELF_THREAD_LOCAL_MAX ||
        header->alignment > ELF_THREAD_LOCAL_ALIGN_MAX ||
        (header->alignment > 1 && !is_power_of_two(header->alignment)))
        return "the binary's thread-local storage has a bad size or alignment";
    image->local = header->address;
    image->local_bytes = header->file_bytes;
    return NULL;
}

// Adds what one program header says to the image.
static const char *read_program_header(const struct memory *file,
                                       const struct elf_program_header *header,
                                       struct elf_image *image) {
    if (header->type == ELF_DYNAMIC || header->type == ELF_INTERPRETER)
        return "the binary is not static";
    if (header->type == ELF_THREAD_LOCAL)
        return read_thread_local(header, image);
    if (header->type == ELF_GNU_STACK)
        return read_stack(header, image);
    if (header->type != ELF_LOAD || (header->memory_bytes | header->file_bytes) == 0)
        return NULL;
    if (image->count == ELF_SEGMENTS_MAX)
        return "the binary has too many segments";
    struct elf_segment *segment = &image->segment[image->count];
    const char *wrong = read_segment(file, header, segment);
    if (wrong != NULL)
        return wrong;
    if (image->count > 0 && segment->first < segment[-1].first + segment[-1].pages * FRAME_SIZE)
        return "segments of the binary overlap";
    if (segment->pages > ELF_PAGES_MAX - image->pages ||
        (!segment->mapped && segment->pages > ELF_OWN_PAGES_MAX - image->own_pages))
        return "the binary's segments are too large";
    image->pages += (uint32_t)segment->pages;
    image->own_pages += segment->mapped ? 0 : (uint32_t)segment->pages;
    image->count++;
    return NULL;
}

static bool entry_is_executable(const struct elf_image *image) {
    for (uint32_t i = 0; i < image->count; i++) {
        const struct elf_segment *segment = &image->segment[i];

        if (segment->protection == PROTECTION_READ_EXECUTE &&
            image->entry.value >= segment->address &&
            image->entry.value - segment->address < segment->bytes)
            return true;
    }
    return false;
}

static bool local_is_loaded(const struct elf_image *image) {
    for (uint32_t i = 0; i < image->count && image->local_bytes != 0; i++) {
        const struct elf_segment *segment = &image->segment[i];

        if (image->local >= segment->address &&
            range_within(image->local - segment->address, image->local_bytes, segment->bytes))
            return true;
    }
    return image->local_bytes == 0;
}

const char *elf_read(const struct memory *file, struct elf_image *image) {
    struct elf_file_header header;

    image->count = 0;
    image->own_pages = image->pages = 0;
    image->stack_pages = ELF_STACK_PAGES;
    image->local_bytes = 0;
    if (!memory_is_executable(file))
        return "the binary is not sealed";
    if (!memory_read(file, 0, &header, sizeof header))
        return "the binary is empty";
    const char *wrong = check_header(&header);
    if (wrong != NULL)
        return wrong;
    uint64_t bytes = header.program_header_count * sizeof(struct elf_program_header);
    if (!range_within(header.program_headers, bytes, file->pages * FRAME_SIZE))
        return "the binary's program headers lie outside of the file";
    for (uint32_t i = 0; i < header.program_header_count && wrong == NULL; i++) {
        struct elf_program_header program;

        if (!memory_read(file, header.program_headers + i * sizeof program, &program,
                         sizeof program))
            return "the binary's program headers lie outside of the file";
        wrong = read_program_header(file, &program, image);
    }
    image->entry.value = header.entry;
    if (wrong == NULL && !entry_is_executable(image))
        wrong = "the binary's entry point is not in an executable segment";
    if (wrong == NULL && !local_is_loaded(image))
        wrong = "the binary's thread-local storage lies in no segment";
    return wrong;
}

// The segment's bytes, a page of the file at a time.
static enum capos_status copy_segment(struct cpu *cpu, const struct elf_segment *segment,
                                      const struct memory *file, struct vm *vm) {
    enum capos_status status = CAPOS_STATUS_OK;

    for (uint64_t done = 0; done < segment->bytes && status == CAPOS_STATUS_OK;) {
        uint64_t at = segment->offset + done;
        uint64_t part = min_u64(FRAME_SIZE - at % FRAME_SIZE, segment->bytes - done);
        const uint8_t *page = machine_direct(memory_frame(file, at / FRAME_SIZE));

        status = vm_write(cpu, vm, (struct uaddr){segment->address + done}, page + at % FRAME_SIZE,
                          part);
        done += part;
    }
    return status;
}

static enum capos_status load_segment(struct cpu *cpu, const struct elf_segment *segment,
                                      struct memory *file, struct revoker *revoker, struct vm *vm) {
    struct uaddr first = {segment->first};

    if (segment->mapped)
        return vm_place_memory(cpu, vm, first, file, revoker, segment->offset / FRAME_SIZE,
                               segment->pages, segment->protection);
    enum capos_status status = vm_place(cpu, vm, first, segment->pages, segment->protection);
    if (status != CAPOS_STATUS_OK)
        return status;
    return copy_segment(cpu, segment, file, vm);
}

enum capos_status elf_load(struct cpu *cpu, const struct elf_image *image, struct memory *file,
                           struct revoker *revoker, struct vm *vm) {
    enum capos_status status = CAPOS_STATUS_OK;

    for (uint32_t i = 0; i < image->count && status == CAPOS_STATUS_OK; i++)
        status = load_segment(cpu, &image->segment[i], file, revoker, vm);
    return status;
}
