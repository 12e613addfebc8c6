# SPDX-License-Identifier: MIT
# A terminal that a person sits at.
@0xd89fcb575fbef300;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

interface Terminal @0xceeb7df88d958e10 {
  # Text in and out, one person. Served by the terminal server over a SerialPort. All text is bytes
  # of UTF-8; the server passes on what it does not know, so that any 8-bit text survives.

  write @0 (data :Data $Annotations.maxLength(2048)) -> ();
  # Shows the bytes. A line feed also returns the carriage.

  readLine @1 (prompt :Text $Annotations.maxLength(128), hidden :Bool) -> (line :Text, end :Bool);
  # Shows the prompt and lets the person edit a line (arrows, Home, End, Delete, Backspace, Ctrl-A,
  # Ctrl-E, Ctrl-K, Ctrl-U; up and down for earlier lines), then answers with it, without its end of
  # line. `end` is true when the person typed Ctrl-D on an empty line, or Ctrl-C; the line is empty
  # then. A hidden line is not shown and not remembered. At most 1,000 bytes are taken. One reader
  # at a time: a second one waits for its turn.

  size @2 () -> (columns :UInt16, rows :UInt16);
  # The terminal's size in characters; 80 by 24 where it can't be found out.
}
