# SPDX-License-Identifier: MIT
# What the benchmarks call from one process to another.
@0xaa8d7410ecdd86da;

using Annotations = import "../../schemas/annotations.capnp";

$Annotations.prefix("bench");

struct Sample {
  # 64 bytes of numbers.

  a @0 :UInt64; # Word 0.
  b @1 :UInt64; # Word 1.
  c @2 :UInt64; # Word 2.
  d @3 :UInt64; # Word 3.
  e @4 :UInt64; # Word 4.
  f @5 :UInt64; # Word 5.
  g @6 :UInt64; # Word 6.
  h @7 :UInt64; # Word 7.
}

interface Peer @0xadd958dc941a9289 {
  # The other process.

  ping @0 () -> ();
  # Nothing.

  sample @1 (sample :Sample) -> (sample :Sample);
  # The same numbers, each one greater by one (modulo 2^64).

  swap @2 (object :Capability) -> (object :Capability);
  # The same capability, which moves there and back.

  echo @3 (data :Data $Annotations.maxLength(4096)) -> (data :Data $Annotations.maxLength(4096));
  # The same bytes.

  share @4 (object :Capability) -> ();
  # A MemoryObject, of which the server maps the first page for `shared`.

  shared @5 (offset :UInt32, bytes :UInt32) -> (first :UInt64, last :UInt64);
  # The first and the last word of a part of the shared page.

  open @6 () -> (peer :Peer);
  # A new object of the same kind.

  take @7 (data :Data $Annotations.maxLength(4096)) -> (first :UInt64, last :UInt64);
  # The first and the last word of the data, of which there must be one at least.
}
