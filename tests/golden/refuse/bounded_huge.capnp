# SPDX-License-Identifier: MIT
# A bounded struct that no message can hold.
# expect: capnpc-capos: bounded_huge.capnp:Huge.bytes: the struct is $bounded, but this has no $maxLength or no end
@0xd97733caa2356a22;

using Annotations = import "../../../schemas/annotations.capnp";

struct Huge $Annotations.bounded {
  bytes @0 :List(Block) $Annotations.maxLength(4000000000);
}

struct Block {
  first @0 :UInt64;
}
