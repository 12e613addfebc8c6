# SPDX-License-Identifier: MIT
# A name for C that is not written in snake_case.
# expect: capnpc-capos: name_not_snake.capnp:Point.x: $name: "pointX" is not in snake_case: small letters, digits, underscores
@0xd37882676cb4aabf;

using Annotations = import "../../../schemas/annotations.capnp";

struct Point {
  x @0 :UInt8 $Annotations.name("pointX");
}
