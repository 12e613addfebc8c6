# SPDX-License-Identifier: MIT
# The write-only console of the kernel.
@0xe724ee1c66981be2;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

interface Console @0xc18b144185c88088 {
  # Lines for the operator, on the machine's first serial port until a server takes it over, and in
  # the kernel's log.

  write @0 (data :Data $Annotations.maxLength(2048)) -> ();
  # Writes the bytes as they are, after those of every earlier write. At most 2,048 bytes; a longer
  # write is invalidArgument and writes nothing.
}
