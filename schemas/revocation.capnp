# SPDX-License-Identifier: MIT
# Taking capabilities back: copies that whoever has handed them out can end.
@0xa75dea1965e24ebc;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

interface Revoker @0x8618172e96e9726a {
  # The power to end one revocable copy. It is not ended by dropping this capability: what is never
  # revoked lives on, and can't be revoked any more when nobody holds its Revoker.

  revoke @0 () -> ();
  # Ends the copy, all copies of it, whoever holds them, and the views that were made of it (readOnly,
  # slice, and revocable copies of it). From the moment that this call is taken, nothing new can be
  # done with them: calls end `disconnected`, and they can't be passed on; holders can only release
  # them. Calls under way end `disconnected` and their server is told `cancelled`; memory that was
  # mapped through them is unmapped, its addresses staying reserved until its process unmaps them. It
  # answers when all this is done and nobody can use the object through them any more; also when they
  # had been revoked before. Whatever other objects were got by calling the copy stay: a revoked
  # factory does not take back what it has made.
}

interface RevokerFactory @0xe7de2f25fc39c3f1 {
  # Makes revocable copies.

  make @0 (capability :Capability) -> (copy :Capability, revoker :Revoker);
  # A copy of one of the caller's capabilities that can be used and passed on as that one can, and the
  # Revoker that ends it. The copy of a revocable copy ends with that too. Charged to the caller.
  # Fails with `invalidArgument` for what can't be copied (Receivers), with `failed` for a revocable
  # copy that is four deep already, with `disconnected` when the capability is revoked, with
  # `overloaded` when a limit is reached.
}
