// SPDX-License-Identifier: MIT
//
// servers/init/plan.h: what init says of manifests that captool would not have let through, and the
// order in which it starts those that it accepts.
#include "servers/init/plan.h"

#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

enum { WORDS = 16384 };

static uint64_t words[WORDS];
static struct capos_builder builder;
static struct capos_reader reader;
static struct plan plan;
static char said[40000];

// One service of a manifest; lists end with the first NULL.
struct service_text {
    const char *name, *binary;
    const char *exports[12];
    struct {
        const char *name, *service, *export;
        int kernel; // without a service
        const char *profile;
    } grants[18];
    int ends;
    const char *profile;
};

// The manifest's profiles; they end with the first NULL.
static const char *profiles[4];

static struct capos_text text(const char *string) {
    return capos_text_of(string == NULL ? "" : string);
}

static void build_exports(struct capos_service_builder to, const struct service_text *from) {
    uint32_t count = 0;

    while (from->exports[count] != NULL)
        count++;
    struct capos_export_list_builder list = capos_service_init_exports(to, count);
    for (uint32_t i = 0; i < count; i++) {
        struct capos_export_builder export = capos_export_list_builder_at(list, i);

        capos_export_set_name(export, text(from->exports[i]));
        capos_export_set_interface(export, 7);
    }
}

static void build_grants(struct capos_service_builder to, const struct service_text *from) {
    uint32_t count = 0;

    while (from->grants[count].name != NULL)
        count++;
    struct capos_service_grant_list_builder list = capos_service_init_grants(to, count);
    for (uint32_t i = 0; i < count; i++) {
        struct capos_service_grant_builder grant = capos_service_grant_list_builder_at(list, i);

        capos_service_grant_set_name(grant, text(from->grants[i].name));
        capos_service_grant_set_profile(grant, text(from->grants[i].profile));
        if (from->grants[i].service == NULL) {
            capos_service_grant_set_kernel(grant,
                                           (enum capos_kernel_capability)from->grants[i].kernel);
        } else {
            struct capos_service_export_builder target = capos_service_grant_init_service(grant);
            capos_service_export_set_name(target, text(from->grants[i].service));
            capos_service_export_set_export(target, text(from->grants[i].export));
        }
    }
}

static void build_profiles(struct capos_system_manifest_builder manifest) {
    uint32_t count = 0;

    while (profiles[count] != NULL)
        count++;
    struct capos_resource_profile_list_builder list =
        capos_system_manifest_init_profiles(manifest, count);
    for (uint32_t i = 0; i < count; i++) {
        struct capos_resource_profile_builder to = capos_resource_profile_list_builder_at(list, i);

        capos_resource_profile_set_name(to, text(profiles[i]));
        capos_limits_set_slots(capos_resource_profile_init_limits(to), 7 + i);
    }
}

static void report(void *context, const char *line) {
    ck_assert_ptr_eq(context, &plan);
    ck_assert_ptr_null(strchr(line, '\n'));
    strcat(said, line);
    strcat(said, "\n");
}

static bool make(const struct service_text *services, uint32_t count, uint32_t version) {
    static const char *const binaries[] = {"init", "terminal", "shell", "echo"};

    memset(words, 0, sizeof words);
    said[0] = '\0';
    capos_builder_init(&builder, words, WORDS);
    struct capos_system_manifest_builder manifest = capos_system_manifest_build_message(&builder);
    capos_system_manifest_set_schema_version(manifest, version);
    struct capos_binary_list_builder list = capos_system_manifest_init_binaries(manifest, 4);
    for (uint32_t i = 0; i < 4; i++)
        capos_binary_set_name(capos_binary_list_builder_at(list, i), text(binaries[i]));
    build_profiles(manifest);
    struct capos_service_list_builder to = capos_system_manifest_init_services(manifest, count);
    for (uint32_t i = 0; i < count; i++) {
        struct capos_service_builder service = capos_service_list_builder_at(to, i);

        capos_service_set_name(service, text(services[i].name));
        capos_service_set_binary(service, text(services[i].binary));
        capos_service_set_profile(service, text(services[i].profile));
        capos_service_set_when_it_ends(service, (enum capos_end_action)services[i].ends);
        build_exports(service, &services[i]);
        build_grants(service, &services[i]);
    }
    ck_assert_int_eq(builder.error, CAPOS_BUILD_OK);
    capos_reader_init(&reader, words, builder.used);
    bool made = plan_make(&plan, capos_system_manifest_read_message(&reader), report, &plan);
    ck_assert(capos_reader_ok(&reader));
    ck_assert_int_eq(made, said[0] == '\0');
    return made;
}

static void refused(const struct service_text *services, uint32_t count, const char *why) {
    ck_assert(!make(services, count, 1));
    ck_assert_str_eq(said, why);
}

START_TEST(the_order_follows_the_grants) {
    static const struct service_text services[] = {
        {.name = "shell",
         .grants = {{.name = "terminal", .service = "terminal"},
                    {.name = "say", .service = "second", .export = "b"},
                    {.name = "memory", .kernel = CAPOS_KERNEL_CAPABILITY_VIRTUAL_MEMORY},
                    {.name = "power", .kernel = CAPOS_KERNEL_CAPABILITY_POWER}},
         .ends = CAPOS_END_ACTION_POWER_OFF},
        {.name = "second",
         .binary = "echo",
         .exports = {"a", "b"},
         .grants = {{.name = "terminal", .service = "terminal", .export = "terminal"}}},
        {.name = "echo", .exports = {"echo"}},
        {.name = "terminal", .exports = {"terminal"}},
    };
    static const uint8_t order[] = {2, 3, 1, 0};

    ck_assert(make(services, 4, 1));
    ck_assert_uint_eq(plan.service_count, 4);
    ck_assert(memcmp(plan.order, order, sizeof order) == 0);
    const struct plan_service *shell = &plan.services[0];
    ck_assert_int_eq(shell->grants[0].source, PLAN_EXPORT);
    ck_assert_uint_eq(shell->grants[0].service, 3);
    ck_assert_uint_eq(shell->grants[0].export, 0);
    ck_assert_uint_eq(shell->grants[1].service, 1);
    ck_assert_uint_eq(shell->grants[1].export, 1);
    ck_assert_int_eq(shell->grants[2].source, PLAN_OWN);
    ck_assert_int_eq(shell->grants[3].source, PLAN_KERNEL);
    ck_assert_str_eq(plan.services[1].binary.data, "echo");
    ck_assert_str_eq(plan.services[2].binary.data, "echo");
}
END_TEST

START_TEST(profiles_are_found_by_name) {
    static const struct service_text services[] = {
        {.name = "shell",
         .profile = "large",
         .grants = {{.name = "spawner",
                     .kernel = CAPOS_KERNEL_CAPABILITY_SPAWNER,
                     .profile = "small"},
                    {"all", NULL, NULL, CAPOS_KERNEL_CAPABILITY_SPAWNER, NULL}}},
        {.name = "echo"},
    };

    profiles[0] = "small";
    profiles[1] = "large";
    ck_assert(make(services, 2, 1));
    const struct plan_service *shell = &plan.services[0];
    ck_assert_uint_eq(capos_limits_slots(shell->profile->limits), 8);
    ck_assert_uint_eq(capos_limits_slots(shell->grants[0].profile->limits), 7);
    ck_assert_ptr_null(shell->grants[1].profile);
    ck_assert_ptr_null(plan.services[1].profile);
    refused((struct service_text[]){{.name = "echo", .profile = "tiny"}}, 1,
            "service echo: there is no profile called tiny\n");
    refused((struct service_text[]){{.name = "echo",
                                     .grants = {{.name = "timer",
                                                 .kernel = CAPOS_KERNEL_CAPABILITY_TIMER,
                                                 .profile = "small"}}}},
            1, "service echo: grant timer: only the kernel's spawner has a profile\n");
    refused((struct service_text[]){{.name = "echo",
                                     .grants = {{.name = "spawner",
                                                 .kernel = CAPOS_KERNEL_CAPABILITY_SPAWNER,
                                                 .profile = "tiny"}}}},
            1, "service echo: grant spawner: there is no profile called tiny\n");
    profiles[1] = "small";
    refused((struct service_text[]){{.name = "echo"}}, 1,
            "profile small: another profile has this name\n");
    profiles[1] = "";
    refused((struct service_text[]){{.name = "echo"}}, 1, "profile : a name has 1 to 31 bytes\n");
    profiles[0] = profiles[1] = NULL;
}
END_TEST

START_TEST(nothing_at_all) {
    ck_assert(make(NULL, 0, 1));
    ck_assert_uint_eq(plan.service_count, 0);
    ck_assert(!make(NULL, 0, 2));
    ck_assert_str_eq(said, "the manifest's schemaVersion is not 1\n");
}
END_TEST

START_TEST(names) {
    refused((struct service_text[]){{.name = "", .binary = "echo"}}, 1,
            "service : a name has 1 to 31 bytes\n");
    refused(
        (struct service_text[]){{.name = "a-name-that-is-as-long-as-32-bytes", .binary = "echo"}},
        1, "service a-name-that-is-as-long-as-32-bytes: a name has 1 to 31 bytes\n");
    refused((struct service_text[]){{.name = "echo"}, {.name = "echo"}}, 2,
            "service echo: another service has this name\n");
    refused((struct service_text[]){{.name = "ecko"}}, 1,
            "service ecko: there is no program called ecko (nearest: echo)\n");
    refused((struct service_text[]){{.name = "evil\x1b[2J\n", .binary = "echo", .ends = 9}}, 1,
            "service evil\\x1b[2J\\x0a: what to do when it ends is not known\n");
}
END_TEST

START_TEST(exports) {
    refused((struct service_text[]){{.name = "echo", .exports = {"a", "a"}}}, 1,
            "service echo: export a: another export has this name\n");
    refused((struct service_text[]){{.name = "echo", .exports = {""}}}, 1,
            "service echo: export : a name has 1 to 31 bytes\n");
    refused((struct service_text[]){{.name = "echo",
                                     .exports = {"a", "b", "c", "d", "e", "f", "g", "h", "i"}}},
            1, "service echo: more than 8 exports\n");
}
END_TEST

START_TEST(grants) {
    refused((struct service_text[]){{.name = "echo", .grants = {{.name = "a", .service = "b"}}}}, 1,
            "service echo: grant a: there is no service called b\n");
    refused(
        (struct service_text[]){{.name = "terminal", .exports = {"terminal"}},
                                {.name = "echo", .grants = {{.name = "a", .service = "termnal"}}}},
        2, "service echo: grant a: there is no service called termnal (nearest: terminal)\n");
    refused(
        (struct service_text[]){
            {.name = "terminal", .exports = {"terminal"}},
            {.name = "echo",
             .grants = {{.name = "a", .service = "terminal", .export = "terminel"}}}},
        2,
        "service echo: grant a: that service has no export called terminel (nearest: terminal)\n");
    refused(
        (struct service_text[]){{.name = "terminal", .exports = {"a", "b"}},
                                {.name = "echo", .grants = {{.name = "a", .service = "terminal"}}}},
        2, "service echo: grant a: that service has not exactly one export: name it\n");
    refused((struct service_text[]){{.name = "echo", .grants = {{.name = "a", .kernel = 99}}}}, 1,
            "service echo: grant a: there is no such capability of the kernel\n");
    refused((struct service_text[]){{.name = "echo",
                                     .grants = {{.name = "a"}, {.name = "a", .kernel = 1}}}},
            1, "service echo: grant a: another grant has this name\n");
    refused(
        (struct service_text[]){
            {.name = "echo", .exports = {"echo"}, .grants = {{.name = "receiver"}}}},
        1,
        "service echo: grant receiver: the name is taken by the Receiver of the service's "
        "exports\n");
    ck_assert(
        make((struct service_text[]){{.name = "echo", .grants = {{.name = "receiver"}}}}, 1, 1));
}
END_TEST

START_TEST(circles) {
    refused(
        (struct service_text[]){
            {.name = "echo", .exports = {"echo"}, .grants = {{.name = "me", .service = "echo"}}}},
        1, "services depend on each other in a circle: echo -> echo\n");
    refused(
        (struct service_text[]){
            {.name = "entry", .binary = "echo", .grants = {{.name = "x", .service = "echo"}}},
            {.name = "echo", .exports = {"echo"}, .grants = {{.name = "t", .service = "terminal"}}},
            {.name = "terminal", .exports = {"t"}, .grants = {{.name = "s", .service = "shell"}}},
            {.name = "shell", .exports = {"s"}, .grants = {{.name = "e", .service = "echo"}}}},
        4, "services depend on each other in a circle: echo -> terminal -> shell -> echo\n");
}
END_TEST

START_TEST(every_error_is_said) {
    ck_assert(!make((struct service_text[]){{.name = "echo", .exports = {"a", "a"}, .ends = 7},
                                            {.name = "none"}},
                    2, 1));
    ck_assert_str_eq(said, "service echo: what to do when it ends is not known\n"
                           "service echo: export a: another export has this name\n"
                           "service none: there is no program called none\n");
}
END_TEST

// Whatever the bytes are, making a plan ends, and stays within its arrays.
START_TEST(damaged_manifests) {
    static const struct service_text services[] = {
        {.name = "shell", .grants = {{.name = "terminal", .service = "terminal"}}},
        {.name = "terminal", .exports = {"terminal"}},
    };
    struct harness_random random = harness_random_start();
    static uint64_t original[WORDS];

    ck_assert(make(services, 2, 1));
    uint32_t used = builder.used;
    memcpy(original, words, sizeof words);
    for (int i = 0; i < 5000; i++) {
        memcpy(words, original, sizeof words);
        for (int j = 0; j < 3; j++)
            words[harness_random_below(&random, used)] ^= UINT64_C(1)
                                                          << harness_random_below(&random, 64);
        said[0] = '\0';
        capos_reader_init(&reader, words, used);
        bool made = plan_make(&plan, capos_system_manifest_read_message(&reader), report, &plan);
        ck_assert_int_eq(made, plan.errors == 0);
        ck_assert_uint_le(plan.service_count, PLAN_SERVICES_MAX);
    }
}
END_TEST

START_TEST(names_of_the_kernels) {
    ck_assert_str_eq(plan_kernel_name(CAPOS_KERNEL_CAPABILITY_CONSOLE), "console");
    ck_assert_str_eq(plan_kernel_name(CAPOS_KERNEL_CAPABILITY_SUPERVISOR), "supervisor");
    ck_assert_ptr_null(plan_kernel_name(CAPOS_KERNEL_CAPABILITY_UNKNOWN_VALUE));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("init/plan");

    harness_add(suite, "order", the_order_follows_the_grants);
    harness_add(suite, "nothing", profiles_are_found_by_name);
    harness_add(suite, "nothing", nothing_at_all);
    harness_add(suite, "names", names);
    harness_add(suite, "exports", exports);
    harness_add(suite, "grants", grants);
    harness_add(suite, "circles", circles);
    harness_add(suite, "all-errors", every_error_is_said);
    harness_add(suite, "damaged", damaged_manifests);
    harness_add(suite, "kernel-names", names_of_the_kernels);
    return harness_run(suite);
}
