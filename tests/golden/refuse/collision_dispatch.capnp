# SPDX-License-Identifier: MIT
# A method that is called like what every interface has.
# expect: capnpc-capos: collision_dispatch.capnp:Router.dispatch: the C name collision_dispatch_router_dispatch is taken by collision_dispatch.capnp:Router; give another one with $name
@0x9a4f7ab138443dc9;

interface Router {
  dispatch @0 () -> ();
}
