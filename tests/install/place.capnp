# SPDX-License-Identifier: MIT
# A schema of somebody else's, with capOS's annotations as they are installed.
@0xe4b1c6f0a9d27358;

using Annotations = import "/annotations.capnp";

$Annotations.prefix("place");

struct Place {
  # Where something is.

  name @0 :Text $Annotations.maxLength(20);
  # What it is called.
  x @1 :Int32;
  # To the right.
  y @2 :Int32;
  # Up.
}
