// SPDX-License-Identifier: MIT
//
// Names of the interfaces that capOS has, for people. A capability of another one is shown by its
// id.
#include "shell.h"

#include "schemas/console.capos.h"
#include "schemas/demo/echo.capos.h"
#include "schemas/endpoint.capos.h"
#include "schemas/entropy.capos.h"
#include "schemas/inspection.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/scheduling.capos.h"
#include "schemas/serial.capos.h"
#include "schemas/thread.capos.h"
#include "schemas/time.capos.h"

static const struct {
    uint64_t id;
    const char *name;
} interfaces[] = {
    {CAPOS_BOOT_PACKAGE_INTERFACE_ID, "BootPackage"},
    {CAPOS_CAPABILITY_MANAGER_INTERFACE_ID, "CapabilityManager"},
    {CAPOS_CAPABILITY_VIEW_INTERFACE_ID, "CapabilityView"},
    {CAPOS_CONSOLE_INTERFACE_ID, "Console"},
    {CAPOS_ENDPOINT_FACTORY_INTERFACE_ID, "EndpointFactory"},
    {CAPOS_ENDPOINT_INTERFACE_ID, "Endpoint"},
    {CAPOS_ENTROPY_INTERFACE_ID, "Entropy"},
    {CAPOS_FRAME_ALLOCATOR_INTERFACE_ID, "FrameAllocator"},
    {CAPOS_MEMORY_OBJECT_INTERFACE_ID, "MemoryObject"},
    {CAPOS_POWER_INTERFACE_ID, "Power"},
    {CAPOS_PROCESS_HANDLE_INTERFACE_ID, "ProcessHandle"},
    {CAPOS_PROCESS_INSPECTOR_INTERFACE_ID, "ProcessInspector"},
    {CAPOS_PROCESS_SPAWNER_INTERFACE_ID, "ProcessSpawner"},
    {CAPOS_RECEIVER_INTERFACE_ID, "Receiver"},
    {CAPOS_SCHEDULER_STATISTICS_INTERFACE_ID, "SchedulerStatistics"},
    {CAPOS_SCHEDULING_CONTEXT_INTERFACE_ID, "SchedulingContext"},
    {CAPOS_SCHEDULING_POLICY_INTERFACE_ID, "SchedulingPolicy"},
    {CAPOS_SERIAL_PORT_INTERFACE_ID, "SerialPort"},
    {CAPOS_SUPERVISOR_INTERFACE_ID, "Supervisor"},
    {CAPOS_SYSTEM_INFO_INTERFACE_ID, "SystemInfo"},
    {CAPOS_TERMINAL_INTERFACE_ID, "Terminal"},
    {CAPOS_THREAD_CONTROL_INTERFACE_ID, "ThreadControl"},
    {CAPOS_THREAD_HANDLE_INTERFACE_ID, "ThreadHandle"},
    {CAPOS_THREAD_SPAWNER_INTERFACE_ID, "ThreadSpawner"},
    {CAPOS_TIMER_INTERFACE_ID, "Timer"},
    {CAPOS_VIRTUAL_MEMORY_INTERFACE_ID, "VirtualMemory"},
    {CAPOS_WALL_CLOCK_INTERFACE_ID, "WallClock"},
    {DEMO_ECHO_INTERFACE_ID, "Echo"},
};

const char *interfaces_name(uint64_t id) {
    for (size_t i = 0; i < sizeof interfaces / sizeof interfaces[0]; i++)
        if (interfaces[i].id == id)
            return interfaces[i].name;
    return NULL;
}
