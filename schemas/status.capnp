# SPDX-License-Identifier: MIT
# How an operation on the ring ends when no method's results come back, and the exceptions that
# methods answer with. capos/status.h is generated from this file.
@0xb53061c12f7e50c2;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

enum Status {
  # The result of a completion is zero or a length on success, and minus one of these when the
  # transport refused or lost the operation. Nothing was done then, unless the text says otherwise.

  ok @0;
  # Not an error.
  unsupported @1;
  # The opcode, or a flag on it, is not known or not built into this kernel.
  malformed @2;
  # A reserved bit or field is not zero, an offset or length does not lie in the message area on an
  # 8-byte boundary, or a descriptor is not well formed.
  refused @3;
  # The capability id names nothing that the caller holds (never granted, released, moved away, a
  # stale generation), the object does not take this opcode, or its interface does not match.
  busy @4;
  # The slot is in use by an operation that has not completed.
  tooBig @5;
  # The message or the results do not fit the buffer that the other side named.
  noRoom @6;
  # More capabilities were sent than the receiver has room for.
  overloaded @7;
  # A table or a resource limit of the caller (or, for a delivery, of the receiver) is full.
  disconnected @8;
  # The object is gone: its server died, it was revoked, or its session ended. A call that had been
  # delivered may have had its effect.
  cancelled @9;
  # The operation was cancelled, or its caller is gone.
  sourceFailed @10;
  # The operation waited for another one (PIPELINE, LINK), which failed.
  exception @11;
  # The method answered with a CapException, which lies in the results area.
  scope @12;
  # The capability may not be passed to this receiver.
  timedOut @13;
  # The deadline passed.
  changed @14;
  # PARK: the word no longer holds the value that was expected.
}

enum ExceptionKind {
  # What the caller of a method should do about its failure. The first four are Cap'n Proto's.

  failed @0;
  # The request was understood and could not be carried out; the same request will fail again.
  overloaded @1;
  # A resource is short for now; try again later.
  disconnected @2;
  # The object, or one that it depends on, is gone; get a new capability.
  unimplemented @3;
  # The object does not have this method.
  invalidArgument @4;
  # The params break the method's contract: bad bytes, a value out of range, a wrong capability.
}

struct CapException {
  # The results of a call whose completion has the flag EXCEPTION.

  kind @0 :ExceptionKind;
  # What to do about it.
  reason @1 :Text $Annotations.maxLength(200);
  # For a person to read. Never holds addresses, secrets or another process's state.
}
