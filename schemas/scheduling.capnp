# SPDX-License-Identifier: MIT
# Who runs when: shares, and what the processors have done. capos-scheduling(7) tells the whole.
@0xc616d41892c14729;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

const normalWeight :UInt32 = 1024;
# What threads have that nobody has given another weight.
const leastWeight :UInt32 = 64;
# The smallest.
const mostWeight :UInt32 = 65536;
# The largest.

interface SchedulingPolicy @0x9611f5e2f6f8bcd0 {
  # The power to say how processor time is shared out. There is no other way to change it.
  #
  # `target` is a ProcessHandle, and then all threads of that process are meant, those that it has
  # and those that it will make; or a ThreadHandle. Processes that a process spawns start with its
  # weight, its processors and its context. Anything else is `invalidArgument`, a detached thread `disconnected`.

  setWeight @0 (target :Capability, weight :UInt32) -> ();
  # Each thread's share of a processor is as its weight to the weights of all that are ready.
  # `invalidArgument` when it is not between leastWeight and mostWeight.

  setAffinity @1 (target :Capability, processors :UInt64) -> ();
  # The processors that the threads may run on, bit i for processor i. One that runs elsewhere leaves
  # at once, or as soon as its processor has left the kernel. Bits of processors that the machine
  # lacks are ignored; `invalidArgument` when no other bit is set.

  createContext @2 (budget :UInt64, period :UInt64) -> (context :SchedulingContext);
  # A context, in nanoseconds: a period of 1 millisecond to 10 seconds, and a budget of 100
  # microseconds up to the whole period; else `invalidArgument`. Charged to the caller (kernelMemory):
  # `overloaded` when that is short.

  bind @3 (target :Capability, context :SchedulingContext) -> ();
  # From now on the threads run on this context's time, in place of that of the context that they were
  # bound to. Processes that a bound process spawns are bound to the same context. A context lives as
  # long as somebody holds it or something is bound to it. `disconnected` when the process is ending.

  unbind @4 (target :Capability) -> ();
  # From now on nobody is charged for the threads' time.
}

interface SchedulingContext @0x852c872578a0090b {
  # So much processor time in so much time, for the threads that are bound to it, together and on all
  # processors. What they run is charged to it. When the budget of a period is spent they wait until
  # the next period begins; calls that they have made go on. Periods follow each other from when the
  # context was made.
  #
  # While a thread serves a call whose caller waits for the answer, what the server runs is charged to
  # the caller's context, if it has one, and not to its own; a spent budget does not stop it then.
  # What is charged beyond the budget is a debt, which the budgets of the following periods pay off
  # before anything else. capos-scheduling(7) has the exact rules.

  info @0 () -> (budget :UInt64, period :UInt64, used :UInt64, debt :UInt64, total :UInt64,
                 exhausted :UInt64, waiting :UInt32);
  # Budget and period in nanoseconds; how much of this period's budget is used; what is owed beyond
  # that; what was ever charged; how often a thread had to wait for the next period; and how many
  # wait now.
}

struct ProcessorStatistics {
  # What one processor has done since the system started. Counts only go up.

  timerInterrupts @0 :UInt64;
  # Interrupts of its own timer: deadlines, ends of slices.
  otherInterrupts @1 :UInt64;
  # Interrupts by which other processors made it look for work or give way.
  shootdowns @2 :UInt64;
  # Interrupts by which other processors made it forget translations of addresses.
  switches @3 :UInt64;
  # How often it went on with another thread, or with none.
  steals @4 :UInt64;
  # Threads that it took from another processor when it had none of its own.
  shares @5 :UInt64;
  # Threads that it gave to another processor so that all get their share.
  idleWakes @6 :UInt64;
  # Interrupts that found it halted.
  idleNanoseconds @7 :UInt64;
  # Time with nothing to run; the present spell of idleness is not in it.
  longestSection @8 :UInt64;
  # The longest time in nanoseconds that the kernel kept interrupts off. Measured by the debug kernel
  # only; else 0.
}

interface SchedulerStatistics @0xf7c5f5569bf61c96 {
  # How busy the processors are. A capability of its own, since what it tells says much about what
  # others do.

  processor @0 (index :UInt32) -> (statistics :ProcessorStatistics);
  # Of one processor; `invalidArgument` when there is none of that number (SystemInfo says how many
  # there are). Another processor goes on while its figures are read, so that one of them may be newer
  # than the next.
}
