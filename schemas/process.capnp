# SPDX-License-Identifier: MIT
# Processes.
@0xefec654cfbeb29a3;

using Annotations = import "annotations.capnp";
using import "memory.capnp".MemoryObject;

$Annotations.prefix("capos");

struct ResourceLimits {
  # The most that a process may use of each class. They are subtracted from the spawner's own
  # limits as long as the process lives; 0 asks for the default that is named.

  slots @0 :UInt32;
  # Capabilities held (default 64).
  frames @1 :UInt32;
  # 4 KiB pages of memory (default 256).
  reservedPages @2 :UInt32;
  # Pages of address space set aside (default 65,536).
  threads @3 :UInt32;
  # Threads, each with its ring (default 1).
  endpoints @4 :UInt32;
  # Endpoints made (default 0).
  facets @5 :UInt32;
  # Facets made (default 0).
  callsHeld @6 :UInt32;
  # Calls taken and not answered yet (default 0).
  kernelMemory @7 :UInt32;
  # 4 KiB pages of the kernel's own records for it (default 64).
}

enum OwnCapability {
  # Capabilities over the new process itself, which only it receives.

  virtualMemory @0;
  # The VirtualMemory of its address space.
  threadSpawner @1;
  # A ThreadSpawner.
  threadControl @2;
  # A ThreadControl.
}

struct SpawnGrant {
  # One capability that the new process starts with.

  name @0 :Text $Annotations.maxLength(31);
  # The name by which the process finds it; unique among the grants, 1 to 31 bytes.
  union {
    capability @1 :Capability;
    # One of the spawner's, copied or moved as its descriptor says.
    own @2 :OwnCapability;
    # One over the new process.
  }
}

enum CrashCause {
  # Why a process was stopped.

  divideError @0;
  # A division by zero, or one whose quotient does not fit.
  debug @1;
  # A single step or a hardware breakpoint.
  breakpoint @2;
  # INT3.
  overflow @3;
  # INTO.
  boundRange @4;
  # BOUND.
  invalidOpcode @5;
  # An instruction that the processor does not know, or UD2.
  deviceNotAvailable @6;
  # A floating-point instruction where there is no floating-point state.
  generalProtection @7;
  # A privileged instruction, a non-canonical address or a bad selector.
  pageFault @8;
  # An address that is not mapped, or not for this access.
  alignment @9;
  # An access that is not aligned, with alignment checks on.
  floatingPoint @10;
  # An unmasked floating-point exception.
  stackFault @11;
  # A non-canonical stack address.
  other @12;
  # None of these.
}

struct CrashRecord {
  # What a process did last. Only its own state, nothing of the kernel's.

  cause @0 :CrashCause;
  # The processor's exception.
  code @1 :UInt64;
  # The exception's error code; for a page fault bit 0 protection, bit 1 write, bit 4 execution.
  address @2 :UInt64;
  # The address that a page fault was about, else 0.
  instruction @3 :UInt64;
  # RIP.
  stack @4 :UInt64;
  # RSP.
  flags @5 :UInt64;
  # RFLAGS.
  registers @6 :List(UInt64) $Annotations.maxLength(15);
  # RAX, RBX, RCX, RDX, RSI, RDI, RBP, R8 to R15.
  thread @7 :UInt64;
  # The number of the thread that it happened to.
}

struct ProcessEnd {
  # How a process ended.

  union {
    exited @0 :Int32;
    # It called exit with this status.
    crashed @1 :CrashRecord;
    # It was stopped for what the record says.
    killed @2 :Void;
    # It was killed through its handle.
  }
}

enum ProcessState {
  # Where a process is in its life.

  running @0;
  # It has threads.
  ending @1;
  # It is being taken apart.
  ended @2;
  # Nothing of it is left but this record.
}

interface ProcessHandle @0xc0a87a54f1837551 {
  # Power over one process, held by whoever spawned it.

  wait @0 () -> (end :ProcessEnd);
  # Answers when the process has ended, at once when it has already. Any number may wait.

  kill @1 () -> ();
  # Ends the process. Answers when all that it held is given back. No error when it has ended.

  info @2 () -> (id :UInt64, name :Text, state :ProcessState, threads :UInt32, frames :UInt32,
                 slots :UInt32, cpuNanoseconds :UInt64);
  # Its id and name, its state, and what it uses now: threads, frames (4 KiB), capability slots, and
  # processor time since it started.
}

interface ProcessSpawner @0xcd9414d83cc3aa98 {
  # Makes processes. A child holds exactly what it was granted.

  spawn @0 (binary :MemoryObject, name :Text $Annotations.maxLength(31),
            grants :List(SpawnGrant) $Annotations.maxLength(15), limits :ResourceLimits)
      -> (process :ProcessHandle);
  # Starts a process from an ELF binary. At most 15 grants. Everything is checked first: on an
  # exception no process exists and every capability is still the spawner's. `invalidArgument` for
  # a binary that is no static x86_64 ELF or has a segment both writable and executable, for grants
  # without a name or with a name twice; `overloaded` when a limit of the spawner would be passed.
}
