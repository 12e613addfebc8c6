# SPDX-License-Identifier: MIT
# Every kind of type, for the tests of captool convert.
@0xd2a5a4a1c2b7e310;

using Annotations = import "../../schemas/annotations.capnp";

enum Colour {
  red @0;
  green @1;
  blue @2;
}

interface Paint @0xb9e3c52f3d6ae0a1 {
  paint @0 (colour :Colour) -> ();
}

struct All {
  void @0 :Void;
  bool @1 :Bool = true;
  int8 @2 :Int8 = -5;
  int16 @3 :Int16;
  int32 @4 :Int32;
  int64 @5 :Int64 = 77;
  uint8 @6 :UInt8;
  uint16 @7 :UInt16 = 65535;
  uint32 @8 :UInt32;
  uint64 @9 :UInt64;
  float32 @10 :Float32 = 1.5;
  float64 @11 :Float64;
  text @12 :Text = "default";
  data @13 :Data $Annotations.maxLength(6);
  colour @14 :Colour = green;
  all @15 :All;
  alls @16 :List(All);
  bools @17 :List(Bool);
  voids @18 :List(Void);
  numbers @19 :List(Int16);
  floats @20 :List(Float64);
  texts @21 :List(Text);
  datas @22 :List(Data);
  lists @23 :List(List(UInt8));
  colours @24 :List(Colour);
  any @25 :AnyPointer;
  paint @26 :Paint;
  choice :union {
    nothing @27 :Void;
    number @28 :UInt32;
    word @29 :Text;
    both :group {
      first @30 :Int8 = 3;
      second @31 :Text;
    }
  }
  group :group {
    inner @32 :UInt16;
  }
  interface @33 :UInt64 $Annotations.interfaceId;
}

struct Choice {
  # A union without a name, of pointers.
  union {
    text @0 :Text;
    choices @1 :List(Choice) $Annotations.maxLength(2);
  }
}

struct Newer {
  # What a newer program's All might be.
  fields @0 :List(UInt64);
  more @1 :Text;
}
