# SPDX-License-Identifier: MIT
# The boot archive: what the loader hands to the kernel beside the kernel.
#
# 16 bytes: the magic number 0x31766372416f6143 ("CaoArcv1" in ASCII, least significant byte first)
# and the size of the index in bytes, both little-endian UInt64. Then the index, a BootArchive as one
# segment without framing. Then the files, each on a 4,096-byte boundary, the rest of its last page
# zero.
@0xcd9a7dd83d3db7c0;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

struct BootArchive {
  # The index.

  manifest @0 :ArchiveFile;
  # The system's description, a SystemManifest as one segment without framing.
  binaries @1 :List(ArchiveFile) $Annotations.maxLength(1000);
  # The programs, under the names that the manifest calls them by.
}

struct ArchiveFile {
  # One file.

  name @0 :Text $Annotations.maxLength(31);
  # Unique in the archive.
  offset @1 :UInt64;
  # Where it begins, in bytes from the archive's first; a multiple of 4,096.
  bytes @2 :UInt64;
  # Its size.
}
