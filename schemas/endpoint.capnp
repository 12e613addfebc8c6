# SPDX-License-Identifier: MIT
# Services between processes: endpoints, what serves them and what calls them.
@0xa217678f0afd882d;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

interface Receiver @0x86a86ba2aa6f6c04 {
  # The serving end of an endpoint: its holder takes calls with RECV, answers with RETURN and makes
  # facets with MINT (capos-ring(7)). It can be moved, not copied. It has no methods.
}

enum TransferScope $Annotations.name("facet_scope") {
  # To whom a capability may be passed on.

  server @0;
  # Only back to the process that serves it.
  session @1;
  # Only to processes of the session that it belongs to, with which it ends: that of the process
  # which it was made for.
  any @2;
  # To anybody.
}

interface Endpoint @0x9feddfb151e2dd68 {
  # A place where calls wait for a server. Whoever holds it decides who serves and who calls; it
  # outlives its servers.

  receiver @0 () -> (receiver :Receiver);
  # The one Receiver, for the process that is to serve. Fails with `failed` while one exists. When a
  # Receiver is lost (released, or its holder ended) the calls that it held end `disconnected`, what
  # it minted is dead, and a new one can be made.

  facet @1 (interface :UInt64, objectId :UInt64, scope :TransferScope) -> (facet :Capability);
  # A root facet: a capability of the given interface that can only be called. The server sees
  # objectId with each call. Root facets survive the server; while there is none, a call answers
  # `disconnected`.
}

interface EndpointFactory @0x9fbdb258d994aaa9 {
  # Makes endpoints. A factory carries a service id, from which the references are derived by which
  # a server knows its callers' sessions; so they are the same after a server's restart.

  create @0 () -> (endpoint :Endpoint);
  # A new endpoint of the factory's service id, charged to the caller.

  forService @1 (service :UInt64) -> (factory :EndpointFactory);
  # A factory that carries another service id and can't be narrowed again: forService on it fails
  # with `failed`. 0 is the first factory's own id and is invalidArgument.
}
