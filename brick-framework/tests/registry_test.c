// SPDX-License-Identifier: GPL-2.0
/* Types and bricks of a host, and the dump of how they are wired. */
#include "test_graph.h"
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int set_up(void **state)
{
	static struct test_graph graph;

	test_graph_init(&graph);
	*state = &graph;
	return 0;
}

static int tear_down(void **state)
{
	test_graph_destroy(*state);
	return 0;
}

/* ---- types ---- */

static void a_type_is_found_by_its_name(void **state)
{
	struct test_graph *g = *state;

	assert_int_equal(th_registry_add_type(&g->registry, &test_disk_type), 0);
	assert_int_equal(th_registry_add_type(&g->registry, &test_filter_type), 0);
	assert_ptr_equal(th_registry_find_type(&g->registry, "filter"), &test_filter_type);
	assert_null(th_registry_find_type(&g->registry, "files"));
	assert_int_equal(th_registry_add_type(&g->registry, &test_disk_type), -EEXIST);
}

static void there_are_only_so_many_types(void **state)
{
	struct th_brick_type types[TH_BRICK_TYPES_MAX + 1];
	char names[TH_BRICK_TYPES_MAX + 1][16];
	struct test_graph *g = *state;
	uint32_t i;

	for (i = 0; i <= TH_BRICK_TYPES_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "type%u", i);
		types[i] = test_filter_type;
		types[i].name = names[i];
		assert_int_equal(th_registry_add_type(&g->registry, &types[i]),
				 i < TH_BRICK_TYPES_MAX ? 0 : -ENOSPC);
	}
}

static void a_type_that_is_not_complete_is_refused(void **state)
{
	struct test_graph *g = *state;
	struct th_brick_type wrong[11];
	uint32_t i;

	for (i = 0; i < TH_ARRAY_COUNT(wrong); i++)
		wrong[i] = test_filter_type;
	wrong[0].name = NULL;
	wrong[1].power = NULL;
	wrong[2].brick_bytes = sizeof(struct th_brick) - 1;
	wrong[3].aspect_bytes = TH_ASPECT_BYTES_MAX + 1;
	wrong[4].input_count = TH_BRICK_INPUTS_MAX + 1;
	wrong[5].output_count = TH_BRICK_OUTPUTS_MAX + 1;
	wrong[6].submit = NULL;
	wrong[7].info = NULL;
	wrong[8].input_count = TH_BRICK_PORT_KINDS_MAX + 1;
	wrong[9].outputs[0].name = NULL;
	wrong[10].inputs_alike = true;
	wrong[10].inputs[0].name = NULL;
	for (i = 0; i < TH_ARRAY_COUNT(wrong); i++)
		assert_int_equal(th_registry_add_type(&g->registry, &wrong[i]), -EINVAL);
}

/* ---- bricks ---- */

static int create(struct test_graph *g, const struct th_brick_type *type, const char *name,
		  struct th_error *error)
{
	struct th_brick *brick = NULL;

	*error = (struct th_error){ 0 };
	return th_brick_create(&g->registry, type, name, &g->host.executor, NULL, &brick, error);
}

static void a_brick_is_found_by_its_name_as_long_as_it_exists(void **state)
{
	struct test_graph *g = *state;
	struct test_disk *disk = test_graph_disk(g, "resource/disk", 0);

	test_graph_filter(g, "filter");
	assert_ptr_equal(th_registry_find_brick(&g->registry, "resource/disk"), &disk->brick);
	assert_null(th_registry_find_brick(&g->registry, "resource"));
	assert_int_equal(th_brick_destroy(&g->registry, &disk->brick), 0);
	assert_null(th_registry_find_brick(&g->registry, "resource/disk"));
}

static void names_are_unique_and_one_plain_word(void **state)
{
	static const char *const wrong[] = { "", "two words", "a\"b", "a\\b", "a\nb", "\xc3\xa4" };
	char too_long[TH_NAME_MAX + 2];
	struct test_graph *g = *state;
	struct th_error error;
	uint32_t i;

	for (i = 0; i < TH_ARRAY_COUNT(wrong); i++)
		assert_int_equal(create(g, &test_filter_type, wrong[i], &error), -EINVAL);
	memset(too_long, 'x', sizeof(too_long));
	too_long[TH_NAME_MAX + 1] = '\0';
	assert_int_equal(create(g, &test_filter_type, too_long, &error), -EINVAL);
	assert_non_null(strstr(error.text, "1 to 63"));
	too_long[TH_NAME_MAX] = '\0';
	assert_int_equal(create(g, &test_filter_type, too_long, &error), 0);
	assert_int_equal(create(g, &test_filter_type, too_long, &error), -EEXIST);
	assert_non_null(strstr(error.text, "already"));
}

static void a_brick_whose_type_refuses_its_config_does_not_exist(void **state)
{
	struct test_graph *g = *state;
	struct th_error error;

	assert_int_equal(create(g, &test_disk_type, "disk", &error), -EINVAL);
	assert_int_equal(error.code, -EINVAL);
	assert_string_equal(error.text, "a disk needs a config");
	assert_null(th_registry_find_brick(&g->registry, "disk"));
}

static void the_ids_of_bricks_are_unique_and_stay_small(void **state)
{
	struct test_graph *g = *state;
	struct test_filter *a = test_graph_filter(g, "a");
	struct test_filter *b = test_graph_filter(g, "b");
	struct test_filter *c = test_graph_filter(g, "c");

	assert_int_equal(a->brick.id, 0);
	assert_int_equal(b->brick.id, 1);
	assert_int_equal(c->brick.id, 2);
	assert_int_equal(th_brick_destroy(&g->registry, &b->brick), 0);
	assert_int_equal(test_graph_filter(g, "d")->brick.id, 1);
	assert_int_equal(test_graph_filter(g, "e")->brick.id, 3);
}

static void a_brick_that_is_in_use_cannot_be_destroyed(void **state)
{
	struct test_graph *g = *state;
	struct th_brick *disk = &test_graph_disk(g, "disk", 0)->brick;
	struct test_client *client = test_graph_client(g, "client");
	struct th_input *input = &client->brick.inputs[0];

	test_graph_switch(g, disk, true);
	assert_int_equal(th_brick_destroy(&g->registry, disk), -EBUSY);
	assert_int_equal(th_brick_power(disk, false, NULL, NULL), 0);
	assert_int_equal(th_brick_destroy(&g->registry, disk), -EBUSY);
	test_host_finish(&g->host);
	th_connect(input, &disk->outputs[0]);
	assert_int_equal(th_brick_destroy(&g->registry, disk), -EBUSY);
	assert_int_equal(th_brick_destroy(&g->registry, &client->brick), -EBUSY);
	th_disconnect(input, NULL, NULL);
	test_client_send(client, 1);
	test_host_finish(&g->host);
	assert_int_equal(th_brick_destroy(&g->registry, disk), 0);
	assert_int_equal(th_brick_destroy(&g->registry, &client->brick), -EBUSY);
	th_input_fail_held(input, -EIO);
	test_host_finish(&g->host);
	assert_int_equal(th_brick_destroy(&g->registry, &client->brick), 0);
}

static void the_first_error_is_kept(void **state)
{
	struct th_error error = { 0 };
	char longest[2 * TH_ERROR_TEXT_MAX];

	(void)state;
	assert_int_equal(th_error_set(&error, -EIO, "sector %d", 7), -EIO);
	assert_int_equal(th_error_set(&error, -ENOSPC, "full"), -ENOSPC);
	assert_int_equal(error.code, -EIO);
	assert_string_equal(error.text, "sector 7");
	assert_int_equal(th_error_set(NULL, -EPERM, "nobody listens"), -EPERM);

	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	error = (struct th_error){ 0 };
	th_error_set(&error, -EIO, "%s", longest);
	assert_int_equal(strlen(error.text), TH_ERROR_TEXT_MAX - 1);
}

/* ---- the dump ---- */

struct dump {
	char text[8192];
	size_t bytes;
};

static void append(void *context, const char *text, size_t bytes)
{
	struct dump *dump = context;

	assert_true(dump->bytes + bytes < sizeof(dump->text));
	memcpy(dump->text + dump->bytes, text, bytes);
	dump->bytes += bytes;
	dump->text[dump->bytes] = '\0';
}

/* A client that waits for a filter which is being disconnected from a disk, another filter, and files. */
static void wire_some(struct test_graph *g)
{
	struct test_client *client = test_graph_client(g, "client");
	struct test_filter *filter = test_graph_filter(g, "filter");
	struct test_disk *disk = test_graph_disk(g, "disk", 1000);

	test_graph_files(g, "files");
	test_graph_switch(g, &filter->brick, true);
	test_graph_switch(g, &disk->brick, true);
	assert_int_equal(th_connect(&client->brick.inputs[0], &filter->brick.outputs[0]), 0);
	assert_int_equal(th_connect(&filter->brick.inputs[0], &disk->brick.outputs[0]), 0);
	test_client_send(client, 1);
	th_disconnect(&filter->brick.inputs[0], NULL, NULL);
	test_client_send(client, 2);
	test_client_send(client, 3);
}

static void the_dump_has_a_line_for_each_brick_and_each_input(void **state)
{
	struct test_graph *g = *state;
	struct dump dump = { .bytes = 0 };

	wire_some(g);
	th_registry_wire(&g->registry, TH_WIRE_TEXT, append, &dump);
	assert_string_equal(
		dump.text,
		"brick=client type=client power=off percent=0\n"
		"brick=filter type=filter power=on percent=100 "
		"description=passes ?everything??on, as number 1\n"
		"brick=disk type=disk power=on percent=100\n"
		"brick=files type=files power=off percent=0\n"
		"input=client.disk type=block output=filter.above state=open in_flight=3 held=0\n"
		"input=filter.below type=block output=disk.disk state=draining in_flight=1 held=2\n"
		"input=filter.beside type=block output=none state=closed in_flight=0 held=0\n"
		"input=files.files type=files output=none state=closed in_flight=0 held=0\n");
}

static void an_input_that_waits_for_a_connection_shows_what_it_holds(void **state)
{
	struct test_graph *g = *state;
	struct dump dump = { .bytes = 0 };

	wire_some(g);
	test_host_finish(&g->host);
	th_registry_wire(&g->registry, TH_WIRE_TEXT, append, &dump);
	assert_non_null(strstr(dump.text, "input=filter.below type=block output=none "
					  "state=holding in_flight=0 held=2\n"));
}

static void graphviz_draws_the_dump(void **state)
{
	struct test_graph *g = *state;
	char drawing[] = "/tmp/tharsis-wire-XXXXXX";
	struct dump dump = { .bytes = 0 };
	char line[4096], command[256];
	uint32_t nodes = 0, edges = 0;
	FILE *dot, *svg;
	int fd;

	wire_some(g);
	th_registry_wire(&g->registry, TH_WIRE_GRAPHVIZ, append, &dump);
	fd = mkstemp(drawing);
	assert_true(fd >= 0);
	snprintf(command, sizeof(command), "dot -Tsvg >%s", drawing);
	dot = popen(command, "w");
	assert_non_null(dot);
	assert_int_equal(fwrite(dump.text, 1, dump.bytes, dot), dump.bytes);
	assert_int_equal(pclose(dot), 0);

	svg = fdopen(fd, "r");
	assert_non_null(svg);
	while (fgets(line, sizeof(line), svg)) {
		nodes += strstr(line, "class=\"node\"") != NULL;
		edges += strstr(line, "class=\"edge\"") != NULL;
	}
	fclose(svg);
	unlink(drawing);
	assert_int_equal(nodes, 4);
	assert_int_equal(edges, 2);
}

static void on_or_off(struct th_brick *brick, bool on)
{
	th_brick_power_reached(brick, on ? TH_ON : TH_OFF);
}

static void of_many_inputs_that_are_alike_the_dump_has_those_in_use(void **state)
{
	static const struct th_brick_type type = {
		.name = "server",
		.brick_bytes = sizeof(struct th_brick),
		.input_count = TH_BRICK_INPUTS_MAX,
		.inputs_alike = true,
		.inputs = { { "export", TH_PORT_BLOCK } },
		.power = on_or_off,
	};
	struct test_graph *g = *state;
	struct test_disk *disk = test_graph_disk(g, "disk", 0);
	struct dump dump = { .bytes = 0 };
	struct th_brick *server;

	assert_int_equal(th_brick_create(&g->registry, &type, "server", &g->host.executor, NULL,
					 &server, NULL),
			 0);
	assert_int_equal(th_connect(&server->inputs[7], &disk->brick.outputs[0]), 0);
	assert_int_equal(
		th_connect(&server->inputs[TH_BRICK_INPUTS_MAX - 1], &disk->brick.outputs[0]), 0);
	th_registry_wire(&g->registry, TH_WIRE_TEXT, append, &dump);
	assert_string_equal(
		dump.text,
		"brick=disk type=disk power=off percent=0\n"
		"brick=server type=server power=off percent=0\n"
		"input=server.export7 type=block output=disk.disk state=open in_flight=0 held=0\n"
		"input=server.export1023 type=block output=disk.disk state=open in_flight=0 held=0\n");
}

static void an_empty_registry_is_a_graph_too(void **state)
{
	struct test_graph *g = *state;
	struct dump dump = { .bytes = 0 };

	th_registry_wire(&g->registry, TH_WIRE_TEXT, append, &dump);
	assert_int_equal(dump.bytes, 0);
	th_registry_wire(&g->registry, TH_WIRE_GRAPHVIZ, append, &dump);
	assert_non_null(strstr(dump.text, "digraph"));
}

#define registry_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		registry_test(a_type_is_found_by_its_name),
		registry_test(there_are_only_so_many_types),
		registry_test(a_type_that_is_not_complete_is_refused),
		registry_test(a_brick_is_found_by_its_name_as_long_as_it_exists),
		registry_test(names_are_unique_and_one_plain_word),
		registry_test(a_brick_whose_type_refuses_its_config_does_not_exist),
		registry_test(the_ids_of_bricks_are_unique_and_stay_small),
		registry_test(a_brick_that_is_in_use_cannot_be_destroyed),
		registry_test(the_first_error_is_kept),
		registry_test(the_dump_has_a_line_for_each_brick_and_each_input),
		registry_test(an_input_that_waits_for_a_connection_shows_what_it_holds),
		registry_test(graphviz_draws_the_dump),
		registry_test(of_many_inputs_that_are_alike_the_dump_has_those_in_use),
		registry_test(an_empty_registry_is_a_graph_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
