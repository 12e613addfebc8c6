# SPDX-License-Identifier: MIT
# An interface that binds the type parameter of what it inherits.
# expect: capnpc-capos: generic_super.capnp:Base: type parameters can't be compiled yet
# expect: capnpc-capos: generic_super.capnp:Derived: type parameters can't be compiled yet
@0xfb42443a325550c8;

interface Base(T) {
  get @0 () -> (value :T);
}

interface Derived extends(Base(Text)) {
}
