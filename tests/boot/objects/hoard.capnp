# SPDX-License-Identifier: MIT
# What the test of many objects serves: tests/boot/objects.
@0xbcebdd9825454e1e;

using Annotations = import "../../../schemas/annotations.capnp";

$Annotations.prefix("hoard");

interface Item @0xae74cd092819aa76 {
  # One object of many.

  number @0 () -> (number :UInt64);
  # Which one.
}

interface Keeper @0xe309a00a98314a3e {
  # Makes Items, and counts them.

  take @0 () -> (a :Item, b :Item, c :Item, d :Item);
  # Four new ones.

  giveBack @1 (item :Item) -> (number :UInt64, own :Bool);
  # Which one it is, if it is the keeper's own: it is known by its number then, and takes no slot.

  count @2 () -> (minted :UInt64, released :UInt64, wrong :UInt64);
  # How many facets it has made and been told of, and how often it was told of one that was not out.

  again @3 (number :UInt64) -> (item :Item);
  # Another facet of an Item that there is.
}
