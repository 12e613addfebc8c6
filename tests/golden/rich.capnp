# SPDX-License-Identifier: MIT
# Everything that the compiler can do, in one file: golden output, and the subject of the tests
# against the capnp tool.
@0xd7e2b6a1f0c94e35;

using Annotations = import "../../schemas/annotations.capnp";
using Base = import "base.capnp";

$Annotations.prefix("rich");

struct Numbers {
  # Every kind of number.
  #
  # A second paragraph of the comment, with a line that is longer than a hundred columns when it is written down.

  flag @0 :Bool;
  i8 @1 :Int8;
  i16 @2 :Int16;
  i32 @3 :Int32;
  i64 @4 :Int64;
  u8 @5 :UInt8;
  u16 @6 :UInt16;
  u32 @7 :UInt32;
  u64 @8 :UInt64;
  f32 @9 :Float32;
  f64 @10 :Float64;
  colour @11 :Base.Colour;
  nothing @12 :Void;
}

struct Defaults {
  # The same with defaults.

  flag @0 :Bool = true;
  i8 @1 :Int8 = -8;
  i16 @2 :Int16 = -1600;
  i32 @3 :Int32 = -3200000;
  i64 @4 :Int64 = -64000000000;
  u8 @5 :UInt8 = 200;
  u16 @6 :UInt16 = 60000;
  u32 @7 :UInt32 = 4000000000;
  u64 @8 :UInt64 = 18000000000000000000;
  f32 @9 :Float32 = 1.5;
  f64 @10 :Float64 = -2.25e100;
  colour @11 :Base.Colour = blue;
  text @12 :Text = "a \"default\"\nwith\ttabs";
  data @13 :Data = 0x"00 01 fe ff";
  numbers @14 :List(Int16) = [1, -2, 3];
  flags @15 :List(Bool) = [true, false, true];
  texts @16 :List(Text) = ["one", "two"];
  pair @17 :Base.Pair = (first = 7, second = "seven");
  pairs @18 :List(Base.Pair) = [(first = 1, second = "x"), (first = 2)];
  rows @19 :List(List(UInt8)) = [[1, 2], [], [3]];
}

struct Shape {
  # A union without a name, and one with.

  area @0 :Float64;
  union {
    none @1 :Void;
    # No shape at all.
    radius @2 :Float32;
    # A circle's.
    sides :group {
      # A rectangle's.
      width @3 :UInt32 = 1;
      height @4 :UInt32 = 1;
    }
    outline @5 :List(Base.Pair);
    label @6 :Text;
  }
  fill :union {
    empty @7 :Void;
    plain @8 :Base.Colour;
    pattern :group {
      name @9 :Text;
      union {
        dots @10 :UInt8;
        stripes @11 :Bool = true;
      }
    }
  }
}

struct Lists {
  # Lists of everything.

  voids @0 :List(Void);
  flags @1 :List(Bool);
  i8s @2 :List(Int8);
  u16s @3 :List(UInt16);
  i32s @4 :List(Int32);
  u64s @5 :List(UInt64);
  f32s @6 :List(Float32);
  f64s @7 :List(Float64);
  texts @8 :List(Text);
  blobs @9 :List(Data);
  colours @10 :List(Base.Colour);
  pairs @11 :List(Base.Pair);
  rows @12 :List(List(UInt16));
  cubes @13 :List(List(List(Text)));
  table @14 :List(List(Base.Pair));
  files @15 :List(Base.File);
  anything @16 :List(Capability);
}

struct Tree {
  # A struct that leads to itself.

  name @0 :Text $Annotations.maxLength(20);
  children @1 :List(Tree);
  left @2 :Tree;

  struct Leaf {
    # A nested one.
    weight @0 :UInt32;
  }
  leaf @3 :Leaf;
  kind @4 :Kind = oak;

  enum Kind {
    # A nested enum.
    fir @0;
    oak @1;
  }
}

struct Everything {
  # All of it.

  numbers @0 :Numbers;
  defaults @1 :Defaults;
  shape @2 :Shape;
  lists @3 :Lists;
  tree @4 :Tree;
  any @5 :AnyPointer;
  anyStruct @6 :AnyStruct;
  anyList @7 :AnyList;
  data @8 :Data;
  text @9 :Text;
}

struct Words $Annotations.name("oddity") {
  # Names that C and C++ have for themselves, and annotations that give others.

  default @0 :Text;
  class @1 :UInt8;
  theHTTPServer @2 :UInt16 $Annotations.name("web_server");
  # A comment that ends in a backslash \
  x509 @3 :Bool;
  # What??/ would be a trigraph.
}

struct Old {
  # A struct before it grew ...

  id @0 :UInt32;
  names @1 :List(Text);
}

struct New {
  # ... and after.

  id @0 :UInt32;
  names @1 :List(Name);
  extra @2 :UInt64 = 99;
  more @3 :Text = "more";

  struct Name {
    # What a Text became.
    text @0 :Text;
    size @1 :UInt16;
  }
}

struct Dot {
  # Data only.

  x @0 :UInt64;
  y @1 :UInt64;
}

struct Span {
  # A struct whose messages have a shape.

  width @0 :UInt32;
  to @1 :Dot;
  file @2 :Base.File;
  colour @3 :Wide;
  log @4 :Capability;

  struct Wide {
    # One word.
    value @0 :UInt64;
  }
}

struct Label {
  # A shape that ends in Text and Data.

  number @0 :UInt32;
  to @1 :Dot;
  text @2 :Text $Annotations.maxLength(12);
  file @3 :Base.File;
  data @4 :Data $Annotations.maxLength(20);
  more @5 :Text;
}

interface Store extends(Base.File) {
  # Methods of every form.

  put @0 (key :Text $Annotations.maxLength(64), value :Data, default :Bool = true) -> ();
  # Keeps a value.
  get @1 (key :Text) -> (value :Data, found :Bool);
  delete @2 (key :Text, target :UInt8);
  # The name of an operator.
  open @3 (file :Base.File) -> (file :Base.File, log :Capability);
  measure @4 Numbers -> Shape;
  # Params and results that are structs with names.
  all @5 (trees :List(Tree)) -> (files :List(Base.File));

  enum Mode {
    # Nested in an interface.
    slow @0;
    fast @1;
  }
}

interface Empty {
  # An interface without methods.
}

const answer :Int32 = 42;
# The answer.
const lowest :Int64 = -9223372036854775808;
const least :Int8 = -128;
const yes :Bool = true;
const ratio :Float32 = 0.1;
const huge :Float64 = 1e300;
const infinite :Float64 = inf;
const minus :Float32 = -2;
const favourite :Base.Colour = green;
const nothing :Void = void;
const greeting :Text = "say \"hi\"\n??=";
const bytes :Data = 0x"c0ffee";
const origin :Base.Pair = (first = 10, second = "origin");
const primes :List(UInt16) = [2, 3, 5, 7];
const grid :List(List(Text)) = [["a"], ["b", "c"]];
