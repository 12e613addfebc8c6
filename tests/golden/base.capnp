# SPDX-License-Identifier: MIT
# Types that rich.capnp imports, in a file without a prefix of its own.
@0xb3f1a1c9d0e4f702;

enum Colour {
  # What a thing looks like.

  red @0;
  green @1;
  blue @2;
}

struct Pair {
  # Two of a kind.

  first @0 :UInt32;
  second @1 :Text;
}

interface Named {
  # Has a name.

  name @0 () -> (name :Text);
}

interface Closable {
  # Can be closed, and then forgotten.

  close @0 () -> ();
}

interface File extends(Named, Closable) {
  # A thing with a name and an end.

  read @0 (offset :UInt64, bytes :UInt32) -> (data :Data);
}
