# SPDX-License-Identifier: MIT
# An annotation that gives a name that is in use.
# expect: capnpc-capos: collision_name.capnp:Two: the C name collision_name_one is taken by collision_name.capnp:One; give another one with $name
@0x98ef33a1a28ec3aa;

using Annotations = import "../../../schemas/annotations.capnp";

struct One {
}

enum Two $Annotations.name("one") {
  first @0;
}
