# SPDX-License-Identifier: MIT
# The system's description: which programs there are, which services run, and which
# capabilities each of them starts with. People write it as YAML (capos-manifest(5)), captool
# converts it, capos-mkimage packs it, init carries it out.
@0xc55071ae7d123bcd;

using Annotations = import "annotations.capnp";

$Annotations.prefix("capos");

const currentVersion :UInt32 = 1;
# The schemaVersion that this schema describes.

struct SystemManifest {
  # The whole description.

  schemaVersion @0 :UInt32;
  # Must be 1.
  messageOfTheDay @1 :Text $Annotations.maxLength(400);
  # Shown by the shell when it starts.
  binaries @2 :List(Binary) $Annotations.listKey("name") $Annotations.maxLength(1000);
  # The programs in the image. There must be one called init.
  services @3 :List(Service) $Annotations.listKey("name") $Annotations.maxLength(60);
  # What init starts, each after the services whose exports it is granted.
  profiles @4 :List(ResourceProfile) $Annotations.listKey("name") $Annotations.maxLength(30);
  # Sets of limits that services and spawners name.
}

struct Binary {
  # One program.

  name @0 :Text $Annotations.maxLength(31);
  # What services and the shell call it by.
  file @1 :Text $Annotations.maxLength(255);
  # Its file in the directories given to capos-mkimage; the name itself when empty.
}

struct Service {
  # One process that init starts.

  name @0 :Text $Annotations.maxLength(31);
  # Its name.
  binary @1 :Text $Annotations.maxLength(31);
  # The program that it runs; the service's name when empty.
  exports @2 :List(Export) $Annotations.listKey("name") $Annotations.maxLength(8);
  # What it serves. A service with exports is granted a Receiver called `receiver`.
  grants @3 :List(Grant) $Annotations.listKey("name") $Annotations.maxLength(14);
  # The capabilities that it starts with: these and no others.
  limits @4 :Limits;
  # The most that it may use.
  whenItEnds @5 :EndAction;
  # What init does when it has ended.
  profile @6 :Text $Annotations.maxLength(31);
  # The profile that says what `limits` leave open.
}

struct ResourceProfile {
  # Limits under a name.

  name @0 :Text $Annotations.maxLength(31);
  # What services and grants call it by.
  limits @1 :Limits;
  # The limits.
}

enum EndAction {
  # What follows a service's end.

  nothing @0;
  # It is logged.
  powerOff @1;
  # The machine is switched off; its exit status, 0 to 100, goes to the host (a crash is 100). When
  # it can't be started at all, the status is 1.
}

struct Export {
  # One object that a service serves from its start, a root facet of its endpoint.

  name @0 :Text $Annotations.maxLength(31);
  # What grants call it by.
  interface @1 :UInt64 $Annotations.interfaceId;
  # The interface that its holders may call.
  objectId @2 :UInt64;
  # The number under which the server sees its calls.
}

enum KernelCapability {
  # The kernel's own objects, which init hands on.

  console @0;
  # Console.
  timer @1;
  # Timer.
  wallClock @2;
  # WallClock.
  entropy @3;
  # Entropy.
  frames @4;
  # FrameAllocator.
  virtualMemory @5;
  # VirtualMemory of the service's own address space.
  bootPackage @6;
  # BootPackage.
  spawner @7;
  # ProcessSpawner.
  endpoints @8;
  # EndpointFactory.
  systemInfo @9;
  # SystemInfo.
  power @10;
  # Power.
  serial1 @11;
  # SerialPort of COM1.
  serial2 @12;
  # SerialPort of COM2.
  serial3 @13;
  # SerialPort of COM3.
  supervisor @14;
  # Supervisor. Not the kernel's: init itself serves it.
  threadSpawner @15;
  # ThreadSpawner.
  threadControl @16;
  # ThreadControl.
  schedulingPolicy @17;
  # SchedulingPolicy.
  schedulerStatistics @18;
  # SchedulerStatistics.
  revokers @19;
  # RevokerFactory.
  capabilityManager @20;
  # CapabilityManager, which tells a process of its own table.
  inspector @21;
  # ProcessInspector.
  sessions @22;
  # SessionAuthority.
}

struct Grant $Annotations.name("service_grant") {
  # One capability for a service.

  name @0 :Text $Annotations.maxLength(31);
  # The name by which the service finds it.
  union {
    kernel @1 :KernelCapability;
    # One of the kernel's.
    service @2 :ServiceExport;
    # What another service exports.
  }
  profile @3 :Text $Annotations.maxLength(31);
  # For the kernel's spawner: it is narrowed to the limits of this profile, the most that it lends
  # to each process.
}

struct ServiceExport {
  # Names an export.

  name @0 :Text $Annotations.maxLength(31);
  # The service.
  export @1 :Text $Annotations.maxLength(31);
  # Its export; the only one when empty.
}

struct Limits {
  # As in ResourceLimits of process.capnp; 0 asks for the default.

  slots @0 :UInt32;
  # Capabilities held.
  frames @1 :UInt32;
  # 4 KiB pages of memory.
  reservedPages @2 :UInt32;
  # Pages of address space set aside.
  threads @3 :UInt32;
  # Threads.
  endpoints @4 :UInt32;
  # Endpoints made.
  facets @5 :UInt32;
  # Facets made.
  callsHeld @6 :UInt32;
  # Calls taken and not answered yet.
  kernelMemory @7 :UInt32;
  # 4 KiB pages of the kernel's records.
}
