# SPDX-License-Identifier: MIT
# What the host tells the guest: the fw_cfg file opt/capos/options, one segment without framing.
@0xa9aad067420946d3;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

struct HostOptions {
  # Absent fields have their defaults; the file itself may be absent.

  user @0 :Text $Annotations.maxLength(64);
  # The host user's name; empty when it is not to be known.
}
