# SPDX-License-Identifier: MIT
# A field and a nested struct's field that get one name in C.
# expect: capnpc-capos: collision_field.capnp:Shape.Point.x: the C name collision_field_shape_point_x is taken by collision_field.capnp:Shape.pointX; give another one with $name
@0xcf5dd86fc413e9cd;

struct Shape {
  pointX @0 :UInt8;

  struct Point {
    x @0 :UInt8;
  }
}
