# SPDX-License-Identifier: MIT
# A largest length for what has no length.
# expect: capnpc-capos: length_of_number.capnp:Point.x: maxLength is for Text, Data and lists only
@0xdc17f03ed36a88af;

using Annotations = import "../../../schemas/annotations.capnp";

struct Point {
  x @0 :UInt32 $Annotations.maxLength(3);
}
