# SPDX-License-Identifier: MIT
# How the processes of the stress test are led.
@0xc8f1d0a35e7b9246;

using Annotations = import "../../schemas/annotations.capnp";

$Annotations.prefix("stress");

interface Strings @0xd5a0c7e2914f6b38 {
  # By these a judge holds one of its puppets.

  next @0 () -> ();
  # Tells that the puppet has done what it was told, and answers when there is more to do.

  take @1 () -> (capability :Capability);
  # What the judge gives to the puppet now.

  wake @2 () -> ();
  # Answers when a puppet that waits for a completion is to stop waiting.
}
