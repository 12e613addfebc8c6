# SPDX-License-Identifier: MIT
# Sessions: what runs on somebody's behalf, and ends together.
@0xc129d18493f01423;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

interface Session @0xf7a2cb01190065bc {
  # Power over one session. A process belongs to one session for its life: to that of its spawner, or
  # to the one that ProcessSpawner.spawn was given. Servers see whose processes call them (the
  # session's reference, capos-ring(7)), and capabilities of the scope `session` can be passed to its
  # processes only. It is not ended by dropping this capability: a session that nobody can end goes
  # when its last process has ended.

  end @0 () -> ();
  # Ends the session, and those that its processes have started. From the moment that this call is
  # taken, nothing new can be done with capabilities of the scope `session` that belong to it,
  # whoever holds them: calls end `disconnected`, and they can't be passed on; holders can only
  # release them. Calls under way through them end `disconnected`, their servers are told
  # `cancelled`, and memory that was mapped through them is unmapped, its addresses staying reserved.
  # The session's processes are killed; what waits for their end is told `sessionEnded`. It answers
  # when all this is done, nothing of the processes is left and nobody can use what belonged to the
  # session; also when it had ended before. A process may so end its own session: then there is
  # nobody to answer.

  bind @1 (capability :Capability) -> (copy :Capability);
  # A copy of one of the caller's capabilities that belongs to the session: its scope is `session`,
  # so that it can only be passed to the session's processes, and it ends with the session. Charged
  # to the caller like any capability. `invalidArgument` for what the caller could not pass on to
  # anybody (its scope is another than `any`), for a revocable copy (make one of the bound copy
  # instead) and for what can't be copied (Receivers); `disconnected` when the session has ended.

  info @2 () -> (processes :UInt32, ended :Bool);
  # How many processes it has now, those of sessions that they have started not counted, and whether
  # it has ended, or begun to.
}

interface SessionAuthority @0xebcab6aeffd8656e {
  # Starts sessions. Identity is no authority: a process can do in a session what its capabilities
  # allow, whatever session that is.

  start @0 () -> (session :Session);
  # A new session without processes, charged to the caller. It ends at the latest with the caller's
  # own. Fails with `failed` when the caller's is the fourth of sessions started by members of
  # sessions, with `overloaded` when a limit is reached.
}
