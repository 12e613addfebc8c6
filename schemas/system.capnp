# SPDX-License-Identifier: MIT
# The machine as a whole.
@0xd107dcbe6aa67ffb;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

struct Protections {
  # Which of the processor's protections are in force.

  noExecute @0 :Bool;
  # Pages are executable only on purpose (NX). Always true: the kernel does not start without it.
  smep @1 :Bool;
  # The kernel can't execute user pages.
  smap @2 :Bool;
  # The kernel can't touch user pages.
  umip @3 :Bool;
  # User code can't read descriptor tables.
  randomised @4 :Bool;
  # The kernel's image lies at a random place.
}

interface SystemInfo @0xa7d8e9f2df285bf6 {
  # Facts that anybody may be told who was granted this.

  info @0 () -> (version :Text, build :Text, cpus :UInt32, memoryBytes :UInt64, freeBytes :UInt64,
                 protections :Protections, messageOfTheDay :Text, debug :Bool);
  # The kernel's version and build id, processors at work, memory found and memory free in bytes,
  # protections in force, the manifest's message of the day, and whether it is the debug kernel.

  ping @1 () -> ();
  # Nothing: it shows that the kernel answers, and what a call costs.
}

interface Power @0x8a68acd83c61b2d1 {
  # Ends or restarts the whole machine.

  off @0 (status :UInt8) -> ();
  # Stops the machine. Under QEMU with the debug-exit device the host sees the status, 0 to 100; a
  # larger one is invalidArgument. Does not answer when it works.

  reboot @1 () -> ();
  # Restarts the machine. Does not answer.
}
