# SPDX-License-Identifier: MIT
# Random numbers.
@0x9b26c190e3a1973e;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

enum EntropySource {
  # Where the kernel's random numbers come from.

  hardware @0;
  # The processor's instruction (RDSEED or RDRAND).
  timing @1;
  # Only the timing of events since the start: guessable by a patient attacker. Not for keys.
}

interface Entropy @0xef3a2c2c745c264e {
  # Random bytes for keys, ids and seeds.

  read @0 (bytes :UInt32) -> (data :Data, source :EntropySource);
  # 1 to 1,024 random bytes, never the same ones twice, and where they come from.
}
