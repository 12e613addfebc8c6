# SPDX-License-Identifier: MIT
# A bounded struct with a text that has no bound.
# expect: capnpc-capos: bounded_text.capnp:Entry.value: the struct is $bounded, but this has no $maxLength or no end
@0x8a5e604b78876a72;

using Annotations = import "../../../schemas/annotations.capnp";

struct Entry $Annotations.bounded {
  key @0 :Text $Annotations.maxLength(8);
  value @1 :Text;
}
