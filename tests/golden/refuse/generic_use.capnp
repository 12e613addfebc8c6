# SPDX-License-Identifier: MIT
# A field whose type binds a type parameter.
# expect: capnpc-capos: generic_use.capnp:User.names: type parameters can't be compiled yet
# expect: capnpc-capos: generic_use.capnp:Map: type parameters can't be compiled yet
@0xb59ebdb2449a240e;

struct Map(Key) {
  key @0 :Key;
}

struct User {
  names @0 :Map(Text);
}
