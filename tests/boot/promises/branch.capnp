# SPDX-License-Identifier: MIT
# What the tests of promises climb about in.
@0xd0c1f6a1b7e54a93;

using Annotations = import "../../../schemas/annotations.capnp";

$Annotations.prefix("test");

interface Branch @0xe2a4cbb4f3a0d611 {
  # A place in a tree, which its path from the root tells from all others.

  child @0 (name :UInt32) -> (branch :Branch);
  # A branch of this one. 0 is the name of none.

  pair @1 (name :UInt32) -> (left :Branch, right :Branch);
  # The branches of that name and of the next one, set in the other order; 0: only the right one.

  where @2 () -> (path :UInt64, depth :UInt32);
  # The names from the root to here as the digits of a number, and how many.

  note @3 () -> (before :UInt32);
  # How many notes came before.

  hold @4 () -> ();
  # Never answered.

  counts @5 () -> (live :UInt64, held :UInt32, cancelled :UInt32);
  # Branches that somebody holds a capability of, but for the root; calls held; calls cancelled.
}
