# SPDX-License-Identifier: MIT
# A bounded struct that leads to itself.
# expect: capnpc-capos: bounded_tree.capnp:Tree.next: the struct is $bounded, but this has no $maxLength or no end
@0xfa7c9aaa0170e4e6;

using Annotations = import "../../../schemas/annotations.capnp";

struct Tree $Annotations.bounded {
  next @0 :Tree;
}
