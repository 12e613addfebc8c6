# SPDX-License-Identifier: MIT
# Serial ports of the machine.
@0xb4f68067c58bddf0;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

interface SerialPort @0xa817ac082882b207 {
  # One UART. Holding it means to be its only reader: bytes go to one read each.

  write @0 (data :Data $Annotations.maxLength(2048)) -> ();
  # Sends the bytes in order. At most 2,048; a longer write is invalidArgument and sends nothing.

  read @1 (maxBytes :UInt32) -> (data :Data);
  # Waits until there is input, then answers with 1 to maxBytes (at most 2,048) bytes. A second read
  # while one waits fails with `failed`. Bytes that came before anybody read are kept, up to 4,096;
  # the newest are dropped then.
}
