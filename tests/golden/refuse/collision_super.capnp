# SPDX-License-Identifier: MIT
# A method that is called like what the interface inherits.
# expect: capnpc-capos: collision_super.capnp:Derived.base: the C name base is taken by collision_super.capnp:Base in the server's table; give another one with $name
@0xb1b9a1ccb35b5f5e;

using Annotations = import "../../../schemas/annotations.capnp";

$Annotations.prefix("");

interface Base {
}

interface Derived extends(Base) {
  base @0 () -> ();
}
