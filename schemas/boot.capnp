# SPDX-License-Identifier: MIT
# What the machine was started with.
@0xa16fadb4c6058899;

using Annotations = import "annotations.capnp";
using import "memory.capnp".MemoryObject;

$Annotations.prefix("capos");

interface BootPackage @0xb0350790350868f8 {
  # The boot archive: the manifest and the binaries.

  manifest @0 () -> (object :MemoryObject, bytes :UInt64);
  # The manifest, a SystemManifest as one segment without framing, and its size; read-only.

  binary @1 (name :Text $Annotations.maxLength(31)) -> (object :MemoryObject, bytes :UInt64);
  # The program of that name, to be given to ProcessSpawner.spawn, and its size; read-only and
  # sealed. `failed` when there is none.

  list @2 (first :UInt32) -> (names :List(Text), more :Bool);
  # The programs' names in the archive's order, from number `first` on, at most 32 at a time;
  # `more` tells that there are others.
}
