# SPDX-License-Identifier: MIT
# Memory: frames as objects, and the address space of a process.
@0xae9ed6882feb4fa3;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

const pageBytes :UInt32 = 4096;
# The size of a page. Addresses, offsets and sizes below are in bytes and multiples of it; any other
# value is invalidArgument.

enum Protection {
  # What a process may do with a page of its address space. Nothing is ever writable and executable.

  none @0;
  # Not even read: a guard.
  read @1;
  # Read.
  readWrite @2;
  # Read and write.
  readExecute @3;
  # Read and execute; only for a MemoryObject that has been sealed.
}

interface MemoryObject @0x9a5e9a77619aa68b {
  # A run of whole pages that belongs to nobody's address space: it is mapped with VirtualMemory.map
  # and shared by passing the capability. Its frames are zero at first, charged to the process that
  # made it, and freed when the last holder and the last mapping are gone.

  info @0 () -> (bytes :UInt64, writable :Bool, executable :Bool);
  # Its size, and whether it may be mapped for writing or for executing through this capability.

  readOnly @1 () -> (object :MemoryObject);
  # The same memory, never writable through the new capability.

  slice @2 (offset :UInt64, bytes :UInt64) -> (object :MemoryObject);
  # The part from offset on, as an object of its own over the same memory. It must lie within.

  seal @3 () -> ();
  # Makes the memory read-only and executable for good, for every holder. Fails with `failed` while
  # it is mapped for writing anywhere.
}

interface FrameAllocator @0xbfe534ed0f05d8d3 {
  # Makes MemoryObjects; the frames are charged to the calling process.

  allocate @0 (bytes :UInt64) -> (object :MemoryObject);
  # A new object of zeroed memory, rounded up to whole pages. 0 bytes is invalidArgument;
  # `overloaded` when the caller's limit or the machine's memory is used up. Many pages take steps,
  # in which other threads run, and are given back if the caller dies meanwhile.
}

interface VirtualMemory @0xf1591645487fdc27 {
  # One process's address space. Pages are reserved (address range only), then committed (zeroed
  # memory, charged) or mapped from a MemoryObject. Page tables are charged as frames for as long as
  # something is mapped through them.
  #
  # A method changes everything that it is asked to, or nothing. One that concerns more than 64 pages
  # is done in steps while other threads run, and is answered when it is done. The methods called on
  # one address space are done one after the other, in the order of their calls; who looks at the
  # memory before the answer may see part of the change. When the caller dies meanwhile, a change
  # that has not begun yet is given up. `disconnected` when the process of the address space has
  # ended.

  reserve @0 (bytes :UInt64) -> (address :UInt64);
  # Sets a range of addresses aside, without access. `overloaded` when the limit of reserved pages
  # or the address space is used up.

  commit @1 (address :UInt64, bytes :UInt64, protection :Protection) -> ();
  # Gives zeroed memory to reserved pages that have none. The whole range must lie in one reserved
  # range and be uncommitted; readExecute is invalidArgument. `overloaded` when the limit of frames
  # or the machine's memory is used up.

  decommit @2 (address :UInt64, bytes :UInt64) -> ();
  # Takes the memory of committed pages away; the range stays reserved. The contents are lost. All
  # of the range must be committed, in one range of reserve or allocate. What is parked on a word
  # there ends `disconnected`.

  protect @3 (address :UInt64, bytes :UInt64, protection :Protection) -> ();
  # Changes the access to committed or mapped pages, all in one range; never beyond what the
  # MemoryObject allows. `none` keeps the contents.

  unmap @4 (address :UInt64, bytes :UInt64) -> ();
  # Ends the reservation of the range, whatever it holds. It must be exactly one range that reserve,
  # map or allocate answered with. What is parked on a word there ends `disconnected`.

  map @5 (object :MemoryObject, offset :UInt64, bytes :UInt64, protection :Protection)
      -> (address :UInt64);
  # Maps part of an object at an address of the kernel's choice. The mapping keeps the memory, also
  # when the capability is released.

  allocate @6 (bytes :UInt64, protection :Protection) -> (address :UInt64);
  # reserve and commit in one: zeroed memory at an address of the kernel's choice.
}
