# SPDX-License-Identifier: MIT
# Clocks.
@0xd1127ca4e8f60a5f;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

interface Timer @0xdb1d41bde5aac768 {
  # The machine's monotonic clock: nanoseconds since the kernel started, the same for every process.

  now @0 () -> (nanoseconds :UInt64);
  # The time now.

  sleepUntil @1 (deadline :UInt64) -> ();
  # Answers when the clock has reached the deadline (nanoseconds, as `now` counts), at once when it
  # has passed already.
}

interface WallClock @0xf7e99d506b516390 {
  # Civil time, as far as the machine knows it.

  now @0 () -> (seconds :Int64, nanoseconds :UInt32);
  # Seconds since 1970-01-01T00:00:00Z without leap seconds, and the nanoseconds of that second (0
  # to 999,999,999). Read from the machine's clock at the start and counted on from there.
}
