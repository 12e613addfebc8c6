# SPDX-License-Identifier: MIT
# A struct with a type parameter.
# expect: capnpc-capos: generic_struct.capnp:Box: type parameters can't be compiled yet
@0xa824d48888d79a03;

struct Box(T) {
  content @0 :T;
}
