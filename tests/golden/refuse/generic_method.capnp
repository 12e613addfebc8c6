# SPDX-License-Identifier: MIT
# A method with a type parameter of its own.
# expect: capnpc-capos: generic_method.capnp:Cache.get: type parameters can't be compiled yet
@0xa7577bb1291d6199;

interface Cache {
  get @0 [T] (key :T) -> (value :T);
}
