// SPDX-License-Identifier: GPL-2.0
/* One contract, all implementations: runs the groups of tests for each of them, on files and on a loop device. */
#include "io_house.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static const struct house_variant variants[] = {
	{ .name = "sio buffered", .type = &th_sio_type, .direct = false },
	{ .name = "sio direct", .type = &th_sio_type, .direct = true },
	{ .name = "aio direct", .type = &th_aio_type, .direct = true },
	{ .name = "aio buffered", .type = &th_aio_type, .direct = false },
};

static bool loop_devices_can_be_made(void)
{
	bool result;
	void *state;

	house_setup(&state);
	result = house_make_loop_device(state, 512);
	house_teardown(&state);
	return result;
}

static int run(int (*tests)(const char *group), const char *what)
{
	char group[64];

	snprintf(group, sizeof(group), "%s, %s", house_variant->name, what);
	printf("\n-- %s\n", group);
	return tests(group);
}

static int run_variant(const struct house_variant *variant, bool with_loop_device)
{
	int failed;

	house_variant = variant;
	house_on_loop_device = false;
	failed = run(life_tests, "life");
	failed += run(target_tests, "file");
	failed += run(directory_tests, "directory");
	failed += run(random_tests, "random on file and directory");
	if (variant->type == &th_aio_type)
		failed += run(ring_tests, "ring");
	if (with_loop_device) {
		house_on_loop_device = true;
		failed += run(target_tests, "loop device");
		failed += run(random_tests, "random on loop device");
	}
	return failed;
}

/* Argument: the seed of the random requests. */
int main(int argc, char **argv)
{
	bool with_loop_device;
	int failed = 0;

	if (argc > 1)
		house_seed = strtoull(argv[1], NULL, 0);
	else if (getrandom(&house_seed, sizeof(house_seed), 0) != sizeof(house_seed))
		return EXIT_FAILURE;
	house_variant = &variants[0];
	failed += iovec_tests("iovec");
	with_loop_device = loop_devices_can_be_made();
	for (size_t i = 0; i < TH_ARRAY_COUNT(variants); i++)
		failed += run_variant(&variants[i], with_loop_device);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
