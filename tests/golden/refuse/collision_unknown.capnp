# SPDX-License-Identifier: MIT
# An enumerant that is called like the value that is none of them.
# expect: capnpc-capos: collision_unknown.capnp:Kind: the C name COLLISION_UNKNOWN_KIND_UNKNOWN_VALUE is taken by collision_unknown.capnp:Kind.unknownValue; give another one with $name
@0x98d57ca25eac3bc2;

enum Kind {
  unknownValue @0;
}
