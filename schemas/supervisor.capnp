# SPDX-License-Identifier: MIT
# The services that init runs.
@0x837943d20d34ed31;

using Annotations = import "annotations.capnp";
using import "process.capnp".ProcessState;

$Annotations.prefix("capos");

struct ServiceInfo {
  # One service.

  name @0 :Text $Annotations.maxLength(31);
  # Its name in the manifest.
  id @1 :UInt64;
  # Its process's id.
  state @2 :ProcessState;
  # Its process's state.
  frames @3 :UInt32;
  # Memory in use, in 4 KiB pages.
  cpuNanoseconds @4 :UInt64;
  # Processor time since it started.
}

interface Supervisor @0x8c77b1eb93a0a23a {
  # What the operator may know of and do to the services. Served by init.

  list @0 () -> (services :List(ServiceInfo) $Annotations.maxLength(100));
  # Every service of the manifest, in the order in which they were started.

  kill @1 (name :Text $Annotations.maxLength(31)) -> ();
  # Ends a service. `failed` when there is no service of that name, or it has ended.
}
