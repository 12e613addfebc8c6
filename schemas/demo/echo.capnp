# SPDX-License-Identifier: MIT
# The smallest typed service: the one to copy when you write your own.
@0xd0b091efc9fc8667;

using Annotations = import "../annotations.capnp";

$Annotations.prefix("demo");

struct Sample {
  # 64 bytes of numbers, for measuring.

  a @0 :UInt64; # Word 0.
  b @1 :UInt64; # Word 1.
  c @2 :UInt64; # Word 2.
  d @3 :UInt64; # Word 3.
  e @4 :UInt64; # Word 4.
  f @5 :UInt64; # Word 5.
  g @6 :UInt64; # Word 6.
  h @7 :UInt64; # Word 7.
}

interface Echo @0xe2aaea61f49cce5f {
  # Answers with what it was told.

  say @0 (text :Text $Annotations.maxLength(1000)) -> (text :Text);
  # The same text.

  sample @1 (sample :Sample) -> (sample :Sample);
  # The same numbers, each one greater by one (modulo 2^64).

  ping @2 () -> ();
  # Nothing, quickly.
}
