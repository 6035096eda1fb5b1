// SPDX-License-Identifier: GPL-2.0
/* The live graph as text: for people, scripts and Graphviz. */
#include <tharsis/brick.h>

#define DESCRIPTION_BYTES 128
#define LINE_BYTES	  512
#define INPUT_NAME_BYTES  64

struct drain {
	void (*write)(void *context, const char *text, size_t bytes);
	void *context;
};

static const char *const power_names[] = {
	[TH_OFF] = "off",
	[TH_SWITCHING_ON] = "switching-on",
	[TH_ON] = "on",
	[TH_SWITCHING_OFF] = "switching-off",
};

static const char *const power_colours[] = {
	[TH_OFF] = "lightgrey",
	[TH_SWITCHING_ON] = "khaki",
	[TH_ON] = "palegreen",
	[TH_SWITCHING_OFF] = "khaki",
};

__attribute__((format(printf, 2, 3))) static void write_line(const struct drain *drain,
							     const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;
	int length;

	va_start(args, format);
	length = th_vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	TH_ASSERT(length >= 0 && length < LINE_BYTES);
	drain->write(drain->context, line, (size_t)length);
}

/* What the type says of @brick; what could end the line or the quoted text is replaced. */
static void describe(const struct th_brick *brick, char text[DESCRIPTION_BYTES])
{
	char *c;

	text[0] = '\0';
	if (brick->type->describe)
		brick->type->describe(brick, text, DESCRIPTION_BYTES);
	for (c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '"' || *c == '\\')
			*c = '?';
	}
}

static const char *port_type_name(enum th_port_type type)
{
	return type == TH_PORT_BLOCK ? "block" : "files";
}

/* "disk", or, of inputs that are alike, "export7". */
static void name_input(const struct th_input *input, char text[INPUT_NAME_BYTES])
{
	const struct th_brick *brick = input->brick;

	if (brick->type->inputs_alike)
		th_snprintf(text, INPUT_NAME_BYTES, "%s%u", input->description->name,
			    (uint32_t)(input - brick->inputs));
	else
		th_snprintf(text, INPUT_NAME_BYTES, "%s", input->description->name);
}

/* Of many that are alike only those that are in use are shown. */
static bool is_shown(const struct th_input *input)
{
	return !input->brick->type->inputs_alike || input->output || !th_list_empty(&input->held);
}

static const char *input_state(const struct th_input *input)
{
	if (input->open)
		return "open";
	if (input->output)
		return "draining";
	return input->holding ? "holding" : "closed";
}

static uint32_t held_count(const struct th_input *input)
{
	const struct th_list *link;
	uint32_t count = 0;

	th_list_for_each(link, &input->held)
		count++;
	return count;
}

static void write_brick_text(const struct drain *drain, const struct th_brick *brick)
{
	char description[DESCRIPTION_BYTES];

	describe(brick, description);
	write_line(drain, "brick=%s type=%s power=%s percent=%u%s%s\n", brick->name,
		   brick->type->name, power_names[brick->power], brick->power_percent,
		   description[0] ? " description=" : "", description);
}

static void write_input_text(const struct drain *drain, const struct th_input *input)
{
	const struct th_output *output = input->output;
	char name[INPUT_NAME_BYTES];

	if (!is_shown(input))
		return;
	name_input(input, name);
	write_line(drain, "input=%s.%s type=%s output=%s%s%s state=%s in_flight=%u held=%u\n",
		   input->brick->name, name, port_type_name(input->description->type),
		   output ? output->brick->name : "none", output ? "." : "",
		   output ? output->description->name : "", input_state(input), input->in_flight,
		   held_count(input));
}

static void write_brick_graphviz(const struct drain *drain, const struct th_brick *brick)
{
	char description[DESCRIPTION_BYTES];

	describe(brick, description);
	write_line(drain, "\t\"%s\" [label=\"%s\\n%s, %s%s%s\", fillcolor=%s];\n", brick->name,
		   brick->name, brick->type->name, power_names[brick->power],
		   description[0] ? "\\n" : "", description, power_colours[brick->power]);
}

static void write_input_graphviz(const struct drain *drain, const struct th_input *input)
{
	char name[INPUT_NAME_BYTES];

	if (!input->output)
		return;
	name_input(input, name);
	write_line(drain, "\t\"%s\" -> \"%s\" [label=\"%s: %s\", style=%s];\n", input->brick->name,
		   input->output->brick->name, port_type_name(input->description->type), name,
		   input->open ? "solid" : "dashed");
}

static void write_bricks(const struct drain *drain, const struct th_registry *registry,
			 void (*write_brick)(const struct drain *, const struct th_brick *),
			 void (*write_input)(const struct drain *, const struct th_input *))
{
	const struct th_list *link;
	const struct th_brick *brick;
	uint32_t i;

	th_list_for_each(link, &registry->bricks)
		write_brick(drain, th_list_entry(link, struct th_brick, link));
	th_list_for_each(link, &registry->bricks) {
		brick = th_list_entry(link, struct th_brick, link);
		for (i = 0; i < brick->type->input_count; i++)
			write_input(drain, &brick->inputs[i]);
	}
}

void th_registry_wire(const struct th_registry *registry, enum th_wire_format format,
		      void (*write)(void *context, const char *text, size_t bytes), void *context)
{
	const struct drain drain = { .write = write, .context = context };

	if (format == TH_WIRE_TEXT) {
		write_bricks(&drain, registry, write_brick_text, write_input_text);
		return;
	}
	write_line(&drain, "digraph tharsis {\n\trankdir=LR;\n\tnode [shape=box, style=filled];\n");
	write_bricks(&drain, registry, write_brick_graphviz, write_input_graphviz);
	write_line(&drain, "}\n");
}
