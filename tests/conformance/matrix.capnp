# SPDX-License-Identifier: MIT
# Lists of each kind of element, for messages that hold another kind: matrix.c.
@0xc1c9e5e0a7f3b2d4;

struct L0 {
  l @0 :List(Void);
}

struct L1 {
  l @0 :List(Bool);
}

struct L2 {
  l @0 :List(UInt8);
}

struct L3 {
  l @0 :List(UInt16);
}

struct L4 {
  l @0 :List(UInt32);
}

struct L5 {
  l @0 :List(UInt64);
}

struct L6 {
  l @0 :List(Text);
}

struct L7 {
  l @0 :List(S);
}

struct S {
  a @0 :UInt64;
  t @1 :Text;
}
