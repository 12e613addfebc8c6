// SPDX-License-Identifier: MIT
// The bootable image; see mkimage_iso.h. A work folder holds the ISO's tree and what goes into it:
// GRUB's two cores (grub-mkimage), a FAT file system with the UEFI one (mtools), and the whole
// (xorriso). Whatever those programs would take from the clock, from the user or at random is
// fixed.
#include "mkimage_iso.h"

#include "mkimage_work.h"

#include "host/spawn.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOOL "capos-mkimage"

// 2023-11-14 22:13:20 UTC, unless the environment says otherwise.
#define IMAGE_EPOCH "1700000000"

static const char image_early[] = "search --file --set=root /boot/kernel.elf\n"
                                  "set prefix=($root)/boot/grub\n"
                                  "configfile /boot/grub/grub.cfg\n";
static const char image_menu[] = "set timeout=0\n"
                                 "multiboot2 /boot/kernel.elf\n"
                                 "%s"
                                 "boot\n";

static bool image_grub(const struct mkimage_input *input, const struct work *work,
                       const char *platform, const char *output, const char *const *modules) {
    char *folder = work_format("%s/%s", input->grub, platform);
    char *early = work_path(work, "early.cfg");
    char *core = work_path(work, output);
    const char *argv[32] = {"grub-mkimage", "-d", folder, "-O", platform,    "-c",
                            early,          "-o", core,   "-p", "/boot/grub"};
    size_t count = 11;
    while (*modules)
        argv[count++] = *modules++;
    // The BIOS core for a CD has a name of its own.
    if (strcmp(platform, "i386-pc") == 0)
        argv[4] = "i386-pc-eltorito";
    bool ok = spawn_run(TOOL, "grub-common grub-pc-bin grub-efi-amd64-bin", argv);
    free(folder);
    free(early);
    free(core);
    return ok;
}

static bool image_cores(const struct mkimage_input *input, const struct work *work) {
    static const char *const bios[] = {"biosdisk",   "iso9660", "search",     "search_fs_file",
                                       "configfile", "normal",  "multiboot2", NULL};
    static const char *const efi[] = {"iso9660", "search",     "search_fs_file", "configfile",
                                      "normal",  "multiboot2", "part_gpt",       "part_msdos",
                                      "fat",     "all_video",  "efi_gop",        NULL};
    return image_grub(input, work, "i386-pc", "iso/boot/grub/eltorito.img", bios) &&
           image_grub(input, work, "x86_64-efi", "bootx64.efi", efi);
}

// A FAT file system just large enough: the file, two tables, the folders, in tracks of 16 sectors
// on two sides.
static bool image_fat(const struct work *work) {
    enum { SECTOR = 512, CYLINDER = 32, OVERHEAD = 64 };
    size_t bytes;
    if (!work_size(work, "bootx64.efi", &bytes))
        return false;
    size_t sectors = bytes / SECTOR + bytes / (SECTOR * 100) + OVERHEAD;
    sectors = (sectors + CYLINDER - 1) / CYLINDER * CYLINDER;
    char *fat = work_path(work, "iso/efi.img");
    char *efi = work_path(work, "bootx64.efi");
    char *count = work_format("%zu", sectors);
    const char *format[] = {"mformat", "-i", fat,  "-C", "-T", count, "-h",
                            "2",       "-s", "16", "-N", "0",  "::",  NULL};
    const char *folders[] = {"mmd", "-i", fat, "::/EFI", "::/EFI/BOOT", NULL};
    const char *copy[] = {"mcopy", "-m", "-i", fat, efi, "::/EFI/BOOT/BOOTX64.EFI", NULL};
    bool ok = work_write(work, "iso/efi.img", NULL, 0) && work_date(work, "bootx64.efi") &&
              spawn_run(TOOL, "mtools", format) && spawn_run(TOOL, "mtools", folders) &&
              spawn_run(TOOL, "mtools", copy);
    free(fat);
    free(efi);
    free(count);
    return ok;
}

static bool image_write(const struct mkimage_input *input, const struct work *work,
                        const char *output) {
    char *hybrid = work_format("%s/i386-pc/boot_hybrid.img", input->grub);
    char *tree = work_path(work, "iso");
    char date[32];
    work_date_text(date);
    char *modification = work_format("--modification-date=%s", date);
    const char *argv[] = {"xorriso",
                          "-as",
                          "mkisofs",
                          "-quiet",
                          "-r",
                          "-J",
                          "-preparer",
                          "X",
                          "-V",
                          "CAPOS",
                          modification,
                          "--set_all_file_dates",
                          date,
                          "-b",
                          "boot/grub/eltorito.img",
                          "-no-emul-boot",
                          "-boot-load-size",
                          "4",
                          "-boot-info-table",
                          "--grub2-boot-info",
                          "--grub2-mbr",
                          hybrid,
                          "--efi-boot",
                          "efi.img",
                          "-efi-boot-part",
                          "--efi-boot-image",
                          "-o",
                          output,
                          tree,
                          NULL};
    bool ok = spawn_run(TOOL, "xorriso", argv);
    free(modification);
    free(hybrid);
    free(tree);
    return ok;
}

static bool image_tree(const struct mkimage_input *input, const struct work *work) {
    const char *module = input->archive ? "module2 /boot/archive\n" : "";
    char *menu = work_format(image_menu, module);
    bool ok = work_folder(work, "iso") && work_folder(work, "iso/boot") &&
              work_folder(work, "iso/boot/grub") &&
              work_write(work, "iso/boot/kernel.elf", input->kernel, input->kernel_size) &&
              (input->archive == NULL ||
               work_write(work, "iso/boot/archive", input->archive, input->archive_size)) &&
              work_write(work, "iso/boot/grub/grub.cfg", menu, strlen(menu)) &&
              work_write(work, "early.cfg", image_early, strlen(image_early));
    free(menu);
    return ok;
}

static bool image_replace(const char *temporary, const char *output) {
    if (rename(temporary, output) == 0)
        return true;
    fprintf(stderr, TOOL ": %s: %s\n", output, strerror(errno));
    unlink(temporary);
    return false;
}

// Before seconds of work: is there a folder that takes the image?
static bool image_can_be_put(const char *output) {
    char *copy = work_format("%s", output);
    const char *folder = dirname(copy);
    bool ok = access(folder, W_OK) == 0;
    if (!ok)
        fprintf(stderr, "error: can't write %s: %s: %s\n", output, folder, strerror(errno));
    free(copy);
    return ok;
}

bool mkimage_iso(const struct mkimage_input *input, const char *output) {
    struct work work;
    if (!image_can_be_put(output))
        return false;
    setenv("SOURCE_DATE_EPOCH", IMAGE_EPOCH, 0);
    setenv("TZ", "UTC", 1);
    setenv("MTOOLS_SKIP_CHECK", "1", 1);
    if (!work_init(&work))
        return false;
    char *temporary = work_format("%s.%ld.tmp", output, (long)getpid());
    bool ok = image_tree(input, &work) && image_cores(input, &work) && image_fat(&work) &&
              work_date(&work, "iso/efi.img") && image_write(input, &work, temporary);
    if (ok)
        ok = image_replace(temporary, output);
    else
        unlink(temporary);
    free(temporary);
    work_fini(&work);
    return ok;
}
