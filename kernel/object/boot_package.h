// SPDX-License-Identifier: MIT
// BootPackage of schemas/boot.capnp: the boot archive's files as memory objects.
#ifndef OBJECT_BOOT_PACKAGE_H
#define OBJECT_BOOT_PACKAGE_H

#include "base/attributes.h"
#include "core/archive.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type boot_package_type;

// A new one over an open archive, which is copied, charged to `ledger`, with one reference for the
// caller. OVERLOADED.
must_use enum capos_status boot_package_create(struct cpu *cpu, struct ledger *ledger,
                                               const struct archive *archive, struct object **out);

#endif
