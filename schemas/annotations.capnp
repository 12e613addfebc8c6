# SPDX-License-Identifier: MIT
# Annotations that capnpc-capos and captool understand. Import this file relative to your own.
@0xc29e25803b3e4201;

annotation prefix @0xc9fc5a024d9aee3d (file) :Text;
# The prefix of every C name that is generated from the file, without a trailing underscore.
# Default: the file's name without its ending.

annotation name @0x86c34d6fb67798b3 (struct, enum, interface, field, enumerant, method, param, group, union, const) :Text;
# The C name of this declaration, in snake_case, in place of the one that is derived.

annotation maxLength @0xfd984a9fa9c00941 (field, param) :UInt32;
# The most bytes (Text without its NUL, Data) or elements (lists) that the field may have.
# Generated validators refuse a longer one.

annotation bounded @0xaa87a70105e62363 (struct) :Void;
# The struct's largest encoding must be known at compile time; the compiler refuses the struct
# when a field has no bound.

annotation listKey @0x9cc1d295f2beeb47 (field) :Text;
# The field of the list's structs whose value identifies an element; it must be unique in a list.

annotation interfaceId @0xc56ecc69b25fdf2f (field) :Void;
# The UInt64 is an interface's id. captool also accepts the interface's name and prints it.

annotation secret @0xd43bf5bf5e524d53 (field, param) :Void;
# The field's value is masked before it leaves the machine in a trace.
