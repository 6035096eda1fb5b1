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

static const struct house_variant kernel_variants[] = {
	{ .name = "sio buffered", .type = &far_sio_type, .direct = false, .in_kernel = true },
	{ .name = "sio direct", .type = &far_sio_type, .direct = true, .in_kernel = true },
	{ .name = "aio direct", .type = &far_aio_type, .direct = true, .in_kernel = true },
	{ .name = "aio buffered", .type = &far_aio_type, .direct = false, .in_kernel = true },
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
	printf("\n-- %s%s\n", house_variant->in_kernel ? "in the kernel: " : "", group);
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

static int run_variants(const struct house_variant *variants_to_run, size_t count)
{
	bool with_loop_device;
	int failed = 0;

	house_variant = variants_to_run;
	with_loop_device = loop_devices_can_be_made();
	for (size_t i = 0; i < count; i++)
		failed += run_variant(&variants_to_run[i], with_loop_device);
	return failed;
}

/* Arguments: "kernel" for the bricks of tharsis_io_test.ko; the seed of the random requests. */
int main(int argc, char **argv)
{
	bool in_kernel = argc > 1 && !strcmp(argv[1], "kernel");
	const char *seed = argv[1 + in_kernel];
	int failed;

	if (seed)
		house_seed = strtoull(seed, NULL, 0);
	else if (getrandom(&house_seed, sizeof(house_seed), 0) != sizeof(house_seed))
		return EXIT_FAILURE;
	if (in_kernel && !far_is_here()) {
		fprintf(stderr, "there is no tharsis_io_test.ko here\n");
		return EXIT_FAILURE;
	}
	if (in_kernel) {
		failed = run_variants(kernel_variants, TH_ARRAY_COUNT(kernel_variants));
	} else {
		failed = iovec_tests("iovec");
		failed += run_variants(variants, TH_ARRAY_COUNT(variants));
	}
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
