# SPDX-License-Identifier: MIT
# Processes.
@0xefec654cfbeb29a3;

using Annotations = import "annotations.capnp";
using import "memory.capnp".MemoryObject;
using import "session.capnp".Session;

$Annotations.prefix("capos");

struct ResourceLimits {
  # An amount of each class of resources that the kernel accounts. Every process has a ledger of
  # them: what it may use, what it uses, and what it has lent to processes that it spawned.

  slots @0 :UInt32;
  # Capabilities held (default 64).
  frames @1 :UInt32;
  # 4 KiB pages of memory, rings and page tables included (default 256).
  reservedPages @2 :UInt32;
  # Pages of address space set aside (default 16,384).
  threads @3 :UInt32;
  # Threads, each with its ring (default 4).
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
  capabilityManager @3;
  # A CapabilityManager.
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
    sessionEnded @3 :Void;
    # It was killed because its session has ended.
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
                 slots :UInt32, cpuNanoseconds :UInt64, used :ResourceLimits,
                 lent :ResourceLimits, limits :ResourceLimits);
  # Its id and name, its state, and what it uses now: threads, frames (4 KiB), capability slots, and
  # processor time since it started. Then its ledger: of each class what it uses, what it has lent,
  # and the most that both may come to; all 0 when it has ended. Kernel memory is told in pages,
  # used and lent ones rounded up.
}

interface ProcessSpawner @0xcd9414d83cc3aa98 {
  # Makes processes. A child holds exactly what it was granted, and uses no more than was lent to it:
  # its limits are subtracted from what the caller may use, for as long as the child lives. What of
  # the child's others still hold when it has ended (memory that it shared, say) stays charged to
  # the caller until they let go of it.

  spawn @0 (binary :MemoryObject, name :Text $Annotations.maxLength(31),
            grants :List(SpawnGrant) $Annotations.maxLength(15), limits :ResourceLimits,
            session :Session)
      -> (process :ProcessHandle);
  # Starts a process from an ELF binary. At most 15 grants. Everything is checked first: on an
  # exception no process exists and every capability is still the spawner's. `invalidArgument` for
  # a binary that is no static x86_64 ELF or has a segment both writable and executable, for grants
  # without a name or with a name twice; `overloaded` when a limit of the spawner would be passed.
  # A limit of 0 asks for the default, or for half of what the caller has left of that class if
  # that is less. A program's segments may take up to 16,384 pages, 4,096 of them
  # copied or zeroed. The process belongs to `session`, or to the caller's when there is none;
  # `disconnected` when that has ended. To another session than the caller's no grant of the scope
  # `session` can be passed but what belongs to it.

  narrow @1 (limits :ResourceLimits) -> (spawner :ProcessSpawner);
  # A spawner that lends at most these limits to each process that it makes, and lends them to one
  # that asks for nothing else. A limit of 0 stands for this spawner's own. What a spawn asks beyond
  # them is `overloaded`. Narrowed again, it lends the lesser of both.

  limits @2 () -> (limits :ResourceLimits, narrowed :Bool);
  # The limits that this spawner lends to a process that asks for nothing, and whether it lends no
  # more than these to any.
}
