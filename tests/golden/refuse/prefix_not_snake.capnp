# SPDX-License-Identifier: MIT
# A prefix that is not written in snake_case.
# expect: capnpc-capos: prefix_not_snake.capnp: $prefix: "3D-shapes" is not in snake_case: small letters, digits, underscores
@0x87c16880508280f3;

using Annotations = import "../../../schemas/annotations.capnp";

$Annotations.prefix("3D-shapes");

struct Point {
  x @0 :UInt8;
}
