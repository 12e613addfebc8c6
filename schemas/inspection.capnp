# SPDX-License-Identifier: MIT
# Looking at who holds what. Nothing here gives a capability: what is told are numbers.
@0xb4189deba5a7f62c;

using Annotations = import "annotations.capnp";
using import "endpoint.capnp".TransferScope;
using import "process.capnp".ProcessHandle;

$Annotations.prefix("capos");

enum CapabilityKind {
  # What a capability leads to.

  kernelObject @0;
  # An object that the kernel serves.
  facet @1;
  # An object that a process serves.
  receiver @2;
  # The serving end of an endpoint.
}

struct CapabilityEntry {
  # One entry of a process's capability table.

  cap @0 :UInt64;
  # The number by which the process names it.
  interface @1 :UInt64;
  # The id of its interface.
  object @2 :UInt64;
  # A number that is the same for all capabilities of one object, in any process, and different for
  # different objects. It says nothing else, and is another one after the next start.
  kind @3 :CapabilityKind;
  # What it leads to.
  scope @4 :TransferScope;
  # To whom it may be passed on.
  revokers @5 :UInt8;
  # How many revokers it was made through, one inside the other.
  revoked @6 :Bool;
  # One of them has revoked it: every use is `disconnected`.
}

interface CapabilityView @0xb75b1253266440cd {
  # Sight of one capability table, and no power over it.

  list @0 (cursor :UInt64, most :UInt32)
      -> (capabilities :List(CapabilityEntry), cursor :UInt64, held :UInt32);
  # Entries from a cursor on, 0 for the beginning: at most so many, and at most 64 and what the
  # caller's results have room for. Then the cursor from which to go on, 0 when that was the last;
  # there may be more even if nothing was told. Then how many capabilities the process holds.
  # The table may change between two calls: what is there all the time is listed once.
  # `disconnected` when the process has ended.
}

interface CapabilityManager @0xf0b695b71142b771 extends (CapabilityView) {
  # The calling process's own table: list tells of whoever calls it.
}

interface ProcessInspector @0xb59d991e88f29f0c {
  # Makes views of other processes' tables, for those who hold the processes' handles.

  inspect @0 (process :ProcessHandle) -> (view :CapabilityView);
  # A view of the process's table. `invalidArgument` for what is no ProcessHandle of the caller's.
}
