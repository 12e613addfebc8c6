# SPDX-License-Identifier: MIT
# A struct that would define a type of the library again.
# expect: capnpc-capos: library_name.capnp:Reader: the C name capos_reader belongs to the library; give another one with $name
@0xfb6d9219ba486255;

using Annotations = import "../../../schemas/annotations.capnp";

$Annotations.prefix("capos");

struct Reader {
  pages @0 :UInt32;
}
