// SPDX-License-Identifier: GPL-2.0
/*
 * Which command a line is, and whether its keys and values are such as the table says.
 */
#include "command.h"

#define KEY_WORD_MAX 64u

/* Appends as far as there is room; returns the new length. */
static size_t append(char *text, size_t bytes, size_t used, const char *piece)
{
	size_t length = strlen(piece);

	if (used + length >= bytes)
		length = bytes - used - 1;
	memcpy(text + used, piece, length);
	text[used + length] = 0;
	return used + length;
}

static size_t append_keys(char *text, size_t bytes, size_t used, uint64_t keys, bool optional)
{
	char type[KEY_WORD_MAX];

	for (uint32_t id = 0; id < TH_KEY_COUNT; id++) {
		if (!(keys & TH_KEY_BIT(id)))
			continue;
		th_key_describe(&th_keys[id], type, sizeof(type));
		used = append(text, bytes, used, optional ? " [" : " ");
		used = append(text, bytes, used, th_keys[id].name);
		used = append(text, bytes, used, "=");
		used = append(text, bytes, used, type);
		used = append(text, bytes, used, optional ? "]" : "");
	}
	return used;
}

void th_command_usage(const struct th_command_description *description, char *text, size_t bytes)
{
	static const char *const subjects[] = {
		[TH_SUBJECT_NONE] = "",
		[TH_SUBJECT_OPTIONAL] = " [RESOURCE]",
		[TH_SUBJECT_REQUIRED] = " RESOURCE",
	};
	size_t used = append(text, bytes, 0, description->verb);

	used = append(text, bytes, used, subjects[description->resource]);
	if (description->action) {
		used = append(text, bytes, used, " ");
		used = append(text, bytes, used, description->action);
	}
	used = append_keys(text, bytes, used, description->required, false);
	append_keys(text, bytes, used, description->optional, true);
}

/* Lists the actions of @verb: "primary or secondary". */
static void list_actions(const char *verb, char *text, size_t bytes)
{
	size_t used = append(text, bytes, 0, "");

	for (uint32_t i = 0; i < th_command_count; i++) {
		if (strcmp(th_commands[i].verb, verb) != 0)
			continue;
		used = append(text, bytes, used, used ? " or " : "");
		used = append(text, bytes, used, th_commands[i].action);
	}
}

static int refuse_action(const struct th_command_line *line, bool takes_action,
			 struct th_error *error)
{
	char actions[KEY_WORD_MAX];

	if (!takes_action)
		return th_error_set(error, -EINVAL,
				    "one word too many: '%.40s' (%.20s takes no action)",
				    line->action, line->verb);
	list_actions(line->verb, actions, sizeof(actions));
	return th_error_set(error, -EINVAL, "%s RESOURCE must be followed by %s", line->verb,
			    actions);
}

static bool same_action(const char *wanted, const char *given)
{
	if (!wanted || !given)
		return !wanted && !given;
	return strcmp(wanted, given) == 0;
}

static int find_description(struct th_command *command, const struct th_command_line *line,
			    struct th_error *error)
{
	const struct th_command_description *of_verb = NULL;

	for (uint32_t i = 0; i < th_command_count; i++) {
		const struct th_command_description *description = &th_commands[i];

		if (strcmp(description->verb, line->verb) != 0)
			continue;
		of_verb = description;
		if (same_action(description->action, line->action)) {
			command->description = description;
			return 0;
		}
	}
	if (of_verb)
		return refuse_action(line, of_verb->action != NULL, error);
	return th_error_set(error, -EINVAL, "unknown verb '%.40s'; help lists the commands",
			    line->verb);
}

static int check_resource(struct th_command *command, const struct th_command_line *line,
			  struct th_error *error)
{
	enum th_subject subject = command->description->resource;

	command->resource = line->resource;
	if (!line->resource) {
		if (subject != TH_SUBJECT_REQUIRED)
			return 0;
		return th_error_set(error, -EINVAL, "%s needs the name of a resource behind it",
				    line->verb);
	}
	if (subject == TH_SUBJECT_NONE)
		return th_error_set(error, -EINVAL,
				    "one word too many: '%.40s' (%s takes no resource)",
				    line->resource, line->verb);
	if (!th_name_is_valid(line->resource))
		return th_error_set(error, -EINVAL,
				    "'%.60s' is not a name of a resource: 1 to 40 letters, digits, "
				    "'.', '_' or '-', first a letter or digit",
				    line->resource);
	return 0;
}

static int refuse_key(const struct th_command_description *description, const char *name,
		      struct th_error *error)
{
	uint64_t known = description->required | description->optional;
	char keys[TH_ERROR_TEXT_MAX];
	size_t used = append(keys, sizeof(keys), 0, known ? "it knows" : "it takes none");

	for (uint32_t id = 0; id < TH_KEY_COUNT; id++) {
		if (known & TH_KEY_BIT(id)) {
			used = append(keys, sizeof(keys), used, " ");
			used = append(keys, sizeof(keys), used, th_keys[id].name);
		}
	}
	return th_error_set(error, -EINVAL, "%s does not know the key '%.40s': %s",
			    description->verb, name, keys);
}

static int read_pair(struct th_command *command, const struct th_line_pair *pair,
		     struct th_error *error)
{
	const struct th_command_description *description = command->description;
	uint64_t known = description->required | description->optional;

	for (uint32_t id = 0; id < TH_KEY_COUNT; id++) {
		if (!(known & TH_KEY_BIT(id)) || strcmp(th_keys[id].name, pair->key) != 0)
			continue;
		command->given |= TH_KEY_BIT(id);
		return th_value_parse(&th_keys[id], pair->value, &command->values[id], error);
	}
	return refuse_key(description, pair->key, error);
}

static int check_required(const struct th_command *command, struct th_error *error)
{
	uint64_t missing = command->description->required & ~command->given;
	char keys[TH_ERROR_TEXT_MAX];

	if (!missing)
		return 0;
	keys[0] = 0;
	append_keys(keys, sizeof(keys), 0, missing, false);
	return th_error_set(error, -EINVAL, "%s lacks%s", command->description->verb, keys);
}

int th_command_match(struct th_command *command, const struct th_command_line *line,
		     struct th_error *error)
{
	int result;

	memset(command, 0, sizeof(*command));
	result = find_description(command, line, error);
	if (!result)
		result = check_resource(command, line, error);
	for (uint32_t i = 0; !result && i < line->pair_count; i++)
		result = read_pair(command, &line->pairs[i], error);
	if (!result)
		result = check_required(command, error);
	return result;
}
