# SPDX-License-Identifier: MIT
# Threads. All threads of a process share its address space, its capabilities and its limits; each
# has a ring of its own. capos-threads(7) is about programs that have several.
@0xfc085de19155994e;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

enum RingSize {
  # How large a thread's ring is (capos-ring(7)).

  small @0;
  # 1 page, 16 submissions, 32 completions, 16 slots; 2,304 bytes for messages.
  standard @1;
  # 4 pages, 64, 128, 64; 9,984 bytes for messages.
}

enum ThreadState {
  # Where a thread is in its life.

  living @0;
  # It runs, waits, or will run.
  ended @1;
  # Nothing of it is left but this record.
}

interface ThreadHandle @0xb0d0ee40574f4f0d {
  # One thread, as whoever started it sees it. A handle gives no power over the thread: threads end
  # themselves, or with their process.

  join @0 () -> (exited :Bool, status :Int32);
  # Answers when the thread has ended and its ring is given back, at once when that is so already.
  # Any number may join, any number of times. exited: it ended itself, with this status; else its
  # process ended before it. A thread that joins itself fails with `failed`.

  detach @1 () -> ();
  # Lets go of the thread, which goes on: its record goes with its end. Calls of join that wait are
  # still answered; after it the handle's methods fail with `disconnected`.

  info @2 () -> (id :UInt64, state :ThreadState, cpuNanoseconds :UInt64);
  # Its number, unique while the system runs, its state, and the processor time that it has used.
}

interface ThreadSpawner @0xe9c736fe11cb3516 {
  # Makes threads of the process that calls it, whichever holds it.

  spawn @0 (entry :UInt64, stack :UInt64, argument :UInt64, threadBase :UInt64, ring :RingSize)
      -> (thread :ThreadHandle);
  # Starts a thread at the address `entry` with RDI = its ring, RSI = the CapSet page, RDX =
  # argument, RSP = stack, FS base = threadBase and zero in all other registers. Stack and thread
  # base are the caller's business: nothing is allocated but the ring, which the process's limits
  # pay for. An address outside of the user's half, a stack that is no multiple of 16 or an unknown
  # ring size is `invalidArgument`; `overloaded` when a limit is reached (the classes are threads,
  # frames, reservedPages and kernelMemory); `disconnected` when the process is ending.

  start @1 (entry :UInt64, stack :UInt64, argument :UInt64, threadBase :UInt64, ring :RingSize,
      endWord :UInt64) -> (id :UInt64);
  # The same without a handle; nobody can join the thread. When it has ended and its ring is given
  # back, 1 is stored in the 32-bit word at `endWord`, if that can be written then, and all that are
  # parked on the word are woken; 0 is no word. An address that is no multiple of 4 or lies outside
  # of the user's half is `invalidArgument`.
}

interface ThreadControl @0xcb6684092920590b {
  # What a thread can do to itself: each method is about the thread that calls it.

  exit @0 (status :Int32) -> ();
  # Ends the calling thread; never answers it. Everything that the thread had begun is ended as when
  # its process ends. What it submitted after this call, up to that entry to the kernel's end, may
  # still be carried out. The end of a process's last thread ends the process with status 0.

  id @1 () -> (id :UInt64);
  # The calling thread's number.

  setThreadBase @2 (address :UInt64) -> ();
  # Sets the calling thread's FS base, as the instruction WRFSBASE does where the processor has it.
  # An address outside of the user's half is `invalidArgument`.
}
