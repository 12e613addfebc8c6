// SPDX-License-Identifier: MIT
// Names for a panic's backtrace; see run_symbols.h. The ELF file is ours, but checked like any: it
// may be cut off or something else by now.
#include "run_symbols.h"

#include <elf.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUILD_ID_DIGITS = 16 };

static void symbols_candidate(struct symbols *symbols, const char *folder, const char *name) {
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return;
    symbols->names[symbols->candidate_count] = path;
    symbols->candidates[symbols->candidate_count++] = path;
}

void symbols_init(struct symbols *symbols, const struct run_options *options) {
    memset(symbols, 0, sizeof *symbols);
    symbols->candidates[symbols->candidate_count++] =
        options->symbols ? options->symbols : options->image;
    char *copy = strdup(options->image);
    if (copy == NULL)
        return;
    const char *folder = dirname(copy);
    symbols_candidate(symbols, folder, "kernel/capos.elf");
    symbols_candidate(symbols, folder, "kernel/capos-debug.elf");
    symbols_candidate(symbols, KERNEL_DIR, "capos.elf");
    symbols_candidate(symbols, KERNEL_DIR, "capos-debug.elf");
    free(copy);
}

void symbols_fini(struct symbols *symbols) {
    for (unsigned i = 0; i < SYMBOLS_CANDIDATES; i++)
        free(symbols->names[i]);
    free(symbols->elf);
}

// `size` bytes at `offset` of the file, or NULL.
static const void *elf_at(const struct symbols *symbols, uint64_t offset, uint64_t size) {
    if (offset > symbols->elf_size || size > symbols->elf_size - offset)
        return NULL;
    return symbols->elf + offset;
}

static const Elf64_Shdr *elf_section(const struct symbols *symbols, unsigned index) {
    const Elf64_Ehdr *header = elf_at(symbols, 0, sizeof *header);
    if (header == NULL || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64 || index >= header->e_shnum ||
        header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shoff % 8 != 0)
        return NULL;
    return elf_at(symbols, header->e_shoff + index * sizeof(Elf64_Shdr), sizeof(Elf64_Shdr));
}

static const Elf64_Shdr *elf_find(const struct symbols *symbols, uint32_t type, const char *name) {
    const Elf64_Ehdr *header = elf_at(symbols, 0, sizeof *header);
    const Elf64_Shdr *names = header ? elf_section(symbols, header->e_shstrndx) : NULL;
    for (unsigned i = 0; names != NULL && i < header->e_shnum; i++) {
        const Elf64_Shdr *section = elf_section(symbols, i);
        if (section == NULL || section->sh_type != type)
            continue;
        size_t length = name ? strlen(name) + 1 : 0;
        const char *found = elf_at(symbols, names->sh_offset + section->sh_name, length);
        if (name == NULL || (found != NULL && memcmp(found, name, length) == 0))
            return section;
    }
    return NULL;
}

static bool symbols_read(struct symbols *symbols, const char *path) {
    FILE *file = fopen(path, "rb");
    long size = 0;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0) {
        rewind(file);
        symbols->elf = malloc((size_t)size);
        symbols->elf_size = (size_t)size;
        if (symbols->elf != NULL && fread(symbols->elf, 1, (size_t)size, file) != (size_t)size) {
            free(symbols->elf);
            symbols->elf = NULL;
        }
    }
    if (file != NULL)
        fclose(file);
    return symbols->elf != NULL;
}

// Is the file that was read the kernel that runs?
static bool symbols_same_build(const struct symbols *symbols) {
    char text[BUILD_ID_DIGITS + 1];
    const Elf64_Shdr *note = elf_find(symbols, SHT_NOTE, ".note.gnu.build-id");
    const uint8_t *id = note ? elf_at(symbols, note->sh_offset + 16, BUILD_ID_DIGITS / 2) : NULL;
    if (id == NULL)
        return false;
    for (int i = 0; i < BUILD_ID_DIGITS / 2; i++)
        snprintf(text + 2 * i, 3, "%02x", id[i]);
    return strcmp(text, symbols->build) == 0;
}

static void symbols_find_file(struct symbols *symbols) {
    symbols->looked = true;
    for (unsigned i = 0; i < symbols->candidate_count; i++) {
        if (!symbols_read(symbols, symbols->candidates[i]))
            continue;
        if (symbols_same_build(symbols) && elf_find(symbols, SHT_SYMTAB, NULL))
            return;
        free(symbols->elf);
        symbols->elf = NULL;
    }
}

static uint64_t symbols_base(const struct symbols *symbols) {
    const Elf64_Ehdr *header = (const void *)symbols->elf;
    uint64_t base = UINT64_MAX;
    for (unsigned i = 0; i < header->e_phnum; i++) {
        const Elf64_Phdr *segment =
            elf_at(symbols, header->e_phoff + i * sizeof *segment, sizeof *segment);
        if (segment != NULL && segment->p_type == PT_LOAD && segment->p_vaddr < base)
            base = segment->p_vaddr;
    }
    return base;
}

// Writes NAME+0xOFFSET of the function that covers the place. A return address belongs to the
// instruction before it, which in the end of a function that never returns matters.
static bool symbols_name(const struct symbols *symbols, uint64_t offset, bool returns, char *text,
                         size_t size) {
    const Elf64_Shdr *table = elf_find(symbols, SHT_SYMTAB, NULL);
    const Elf64_Shdr *names = table ? elf_section(symbols, table->sh_link) : NULL;
    const Elf64_Sym *symbol = table && table->sh_offset % 8 == 0
                                  ? elf_at(symbols, table->sh_offset, table->sh_size)
                                  : NULL;
    uint64_t address = symbols_base(symbols) + offset, best = 0;
    const char *name = NULL;
    for (uint64_t i = 0; names && symbol && i < table->sh_size / sizeof *symbol; i++) {
        uint64_t value = symbol[i].st_value;
        if (ELF64_ST_TYPE(symbol[i].st_info) != STT_FUNC || value > address - returns ||
            value < best)
            continue;
        const char *found = elf_at(symbols, names->sh_offset + symbol[i].st_name, 1);
        if (found == NULL || symbol[i].st_name >= names->sh_size)
            continue;
        best = value;
        name = found;
    }
    if (name == NULL)
        return false;
    size_t room = symbols->elf_size - (size_t)((const uint8_t *)name - symbols->elf);
    snprintf(text, size, " %.*s+0x%llx", (int)strnlen(name, room < 100 ? room : 100), name,
             (unsigned long long)(address - best));
    return true;
}

static const char *symbols_line(struct symbols *symbols) {
    static char text[160];
    static const char banner[] = "build ", place[] = "kernel+0x";
    symbols->line[symbols->used] = '\0';
    if (strncmp(symbols->line, "capos: ", 7) != 0)
        return "";
    const char *build = strstr(symbols->line, banner);
    if (symbols->build[0] == '\0' && build != NULL)
        snprintf(symbols->build, sizeof symbols->build, "%s", build + sizeof banner - 1);
    const char *at = strstr(symbols->line, place);
    if (strncmp(symbols->line, "capos: panic: ", 14) != 0 || at == NULL)
        return "";
    if (!symbols->looked)
        symbols_find_file(symbols);
    bool returns = strstr(symbols->line, " by kernel+0x") != NULL;
    uint64_t offset = strtoull(at + sizeof place - 1, NULL, 16);
    if (symbols->elf == NULL || !symbols_name(symbols, offset, returns, text, sizeof text))
        return "";
    return text;
}

const char *symbols_feed(struct symbols *symbols, char byte) {
    const char *text = "";
    if (byte != '\r' && byte != '\n') {
        if (symbols->used < sizeof symbols->line - 1)
            symbols->line[symbols->used++] = byte;
        return text;
    }
    if (symbols->used > 0)
        text = symbols_line(symbols);
    symbols->used = 0;
    return text;
}
