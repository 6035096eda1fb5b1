// SPDX-License-Identifier: GPL-2.0
#include "fault_brick.h"

struct fault_aspect {
	enum fault_port port;
	int error; /* told at the end, whatever comes */
};

static struct fault_brick *faults_of(struct th_brick *brick)
{
	return th_container_of(brick, struct fault_brick, brick);
}

static bool ends_with(const char *name, const char *end)
{
	size_t bytes = strlen(name), end_bytes = strlen(end);

	return bytes >= end_bytes && strcmp(name + bytes - end_bytes, end) == 0;
}

/* The file that a request is about; NULL: it is about none. */
static const char *name_of(const struct fault_brick *faults, const struct th_request *request)
{
	if (request->name)
		return request->name;
	if (request->operation == TH_FILE_LIST || request->operation == TH_FILE_SYNC_DIR ||
	    request->operation == TH_FILE_SPACE)
		return NULL;
	TH_ASSERT(request->file < FAULT_FILES_MAX);
	return faults->names[request->file];
}

static bool rule_fits(const struct fault_brick *faults, const struct fault_rule *rule,
		      const struct th_request *request, enum fault_port port)
{
	const char *name;

	if (rule->port != port || (rule->operation && rule->operation != request->operation))
		return false;
	if (rule->length && (request->position >= rule->position + rule->length ||
			     rule->position >= request->position + request->length))
		return false;
	if (!rule->name)
		return true;
	name = name_of(faults, request);
	return name && ends_with(name, rule->name);
}

static struct fault_rule *find_rule(struct fault_brick *faults, const struct th_request *request,
				    enum fault_port port)
{
	struct th_list *link;

	th_list_for_each(link, &faults->rules) {
		struct fault_rule *rule = th_list_entry(link, struct fault_rule, link);

		if ((rule->times && rule->hits == rule->times) ||
		    !rule_fits(faults, rule, request, port))
			continue;
		if (rule->skip) {
			rule->skip--;
			return NULL;
		}
		rule->hits++;
		return rule;
	}
	return NULL;
}

/* Keeps up which number is which file. */
static void note_names(struct fault_brick *faults, const struct th_request *request)
{
	if (request->operation == TH_FILE_OPEN) {
		TH_ASSERT(request->file < FAULT_FILES_MAX);
		memcpy(faults->names[request->file], request->name, strlen(request->name) + 1);
	} else if (request->operation == TH_FILE_RENAME) {
		for (uint32_t i = 0; i < FAULT_FILES_MAX; i++)
			if (strcmp(faults->names[i], request->name) == 0)
				memcpy(faults->names[i], request->new_name,
				       strlen(request->new_name) + 1);
	}
}

static void passed(struct th_request *request, void *context)
{
	struct fault_brick *faults = context;
	const struct fault_aspect *aspect = th_request_aspect(request, &faults->brick);
	int error = aspect->error;

	if (!request->error)
		note_names(faults, request);
	th_request_complete(request, error ? error : request->error);
}

static void pass_on(struct fault_brick *faults, struct th_request *request)
{
	const struct fault_aspect *aspect = th_request_aspect(request, &faults->brick);

	th_request_push(request, passed, faults);
	th_input_submit(&faults->brick.inputs[aspect->port], request);
}

static void fault_submit(struct th_output *output, struct th_request *request)
{
	struct fault_brick *faults = faults_of(output->brick);
	struct fault_aspect *aspect = th_request_aspect(request, &faults->brick);
	struct fault_rule *rule;

	aspect->port = output == &faults->brick.outputs[FAULT_DISK] ? FAULT_DISK : FAULT_FILES;
	aspect->error = 0;
	faults->count[aspect->port][request->operation]++;
	rule = find_rule(faults, request, aspect->port);
	if (rule && !rule->error) {
		th_list_push_back(&rule->held, &request->link);
		return;
	}
	if (rule && !rule->done_first) {
		th_request_complete_later(faults->brick.executor, request, rule->error);
		return;
	}
	if (rule)
		aspect->error = rule->error;
	pass_on(faults, request);
}

struct fault_rule *fault_add(struct fault_brick *faults, const struct fault_rule *rule)
{
	/* Taken in turn, so that a test can look at the hits of a rule that it removed. */
	static struct fault_rule rules[FAULT_RULES_MAX];
	static uint32_t next;
	struct fault_rule *added = &rules[next++ % FAULT_RULES_MAX];

	TH_ASSERT(!added->faults);
	*added = *rule;
	added->faults = faults;
	th_list_init(&added->held);
	th_list_push_back(&faults->rules, &added->link);
	return added;
}

void fault_remove(struct fault_rule *rule)
{
	struct fault_brick *faults = rule->faults;
	struct th_list *link;

	if (!faults)
		return;
	rule->faults = NULL;
	th_list_remove(&rule->link);
	while ((link = th_list_pop_front(&rule->held))) {
		struct th_request *request = th_list_entry(link, struct th_request, link);

		if (rule->error)
			th_request_complete_later(faults->brick.executor, request, rule->error);
		else
			pass_on(faults, request);
	}
}

void fault_remove_all(struct fault_brick *faults)
{
	while (!th_list_empty(&faults->rules))
		fault_remove(th_list_first(&faults->rules, struct fault_rule, link));
}

static void fault_info(struct th_output *output, struct th_block_info *info)
{
	struct fault_brick *faults = faults_of(output->brick);

	TH_ASSERT(th_input_info(&faults->brick.inputs[FAULT_DISK], info));
}

static void fault_power(struct th_brick *brick, bool on)
{
	th_brick_power_reached(brick, on ? TH_ON : TH_OFF);
}

static int fault_create(struct th_brick *brick, const void *config, struct th_error *error)
{
	(void)config;
	(void)error;
	th_list_init(&faults_of(brick)->rules);
	return 0;
}

const struct th_brick_type fault_brick_type = {
	.name = "faults",
	.brick_bytes = sizeof(struct fault_brick),
	.aspect_bytes = sizeof(struct fault_aspect),
	.input_count = 2,
	.output_count = 2,
	.inputs = { [FAULT_DISK] = { "disk", TH_PORT_BLOCK },
		    [FAULT_FILES] = { "files", TH_PORT_FILES } },
	.outputs = { [FAULT_DISK] = { "disk", TH_PORT_BLOCK },
		     [FAULT_FILES] = { "files", TH_PORT_FILES } },
	.create = fault_create,
	.power = fault_power,
	.submit = fault_submit,
	.info = fault_info,
};
