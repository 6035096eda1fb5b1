/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bricks: the parts a driver is built from. A brick has typed inputs (where it sends requests) and typed outputs
 * (where it takes them). An input is connected with one output; an output may serve several inputs. Wiring can
 * change while requests are under way: an input that is being reconnected holds new requests back until those
 * under way have returned, and loses none.
 *
 * All functions here: only on the executor of the bricks concerned; they do not block unless they say so.
 */
#ifndef THARSIS_BRICK_H
#define THARSIS_BRICK_H

#include <tharsis/request.h>

#define TH_BRICK_INPUTS_MAX	1024
#define TH_BRICK_PORT_KINDS_MAX 4 /* of inputs that a type describes one by one */
#define TH_BRICK_OUTPUTS_MAX	4
#define TH_BRICK_TYPES_MAX	16
#define TH_ASPECT_BYTES_MAX	16384u
#define TH_ERROR_TEXT_MAX	256

enum th_port_type {
	TH_PORT_BLOCK = 1, /* one space of bytes: a disk */
	TH_PORT_FILES, /* named files of one directory */
};

struct th_port_description {
	const char *name;
	enum th_port_type type;
};

/* What an output of type block can do. */
struct th_block_info {
	uint64_t size_bytes;
	uint32_t block_bytes; /* unit of positions and lengths: 512 or 4096 */
	uint32_t memory_align_bytes; /* what the memory of READ and WRITE must be aligned to */
	bool read_only;
	bool rotational;
};

/* For error messages of operations that fail: code and the sentence for the operator. */
struct th_error {
	int code; /* 0 or a negative errno */
	char text[TH_ERROR_TEXT_MAX];
};

/* Sets both (the first error is kept: a second call changes nothing) and returns @code. @error may be NULL. */
int th_error_set(struct th_error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

enum th_power { TH_OFF, TH_SWITCHING_ON, TH_ON, TH_SWITCHING_OFF };

struct th_output;

struct th_brick_type {
	const char *name;
	size_t brick_bytes; /* of the type's own struct, which begins with struct th_brick */
	size_t aspect_bytes; /* of its part in each request that it takes or makes */
	uint32_t input_count;
	uint32_t output_count;
	bool inputs_alike; /* inputs[0] describes all of them: a number is added to its name */
	struct th_port_description inputs[TH_BRICK_PORT_KINDS_MAX];
	struct th_port_description outputs[TH_BRICK_OUTPUTS_MAX];

	/* Optional: sets up the zeroed struct. @config is of a type that the brick type defines. May block. */
	int (*create)(struct th_brick *brick, const void *config, struct th_error *error);
	/* Optional: only when off and not connected. May block. */
	void (*destroy)(struct th_brick *brick);
	/*
	 * Starts switching on or off; ends, then or later, with th_brick_power_reached(). A brick that is on
	 * takes requests on its outputs; one that is switching off first completes those it has.
	 */
	void (*power)(struct th_brick *brick, bool on);
	/* A request for @output arrives. It is complete()d later, never inside this call. */
	void (*submit)(struct th_output *output, struct th_request *request);
	/* For outputs of type block. Valid while on. */
	void (*info)(struct th_output *output, struct th_block_info *info);
	/* Optional: what to show in a dump of the wiring, such as a path: at most one short line. */
	void (*describe)(const struct th_brick *brick, char *text, size_t bytes);
};

struct th_output {
	struct th_brick *brick;
	const struct th_port_description *description;
	struct th_list inputs; /* those connected */
};

struct th_input {
	struct th_brick *brick;
	const struct th_port_description *description;
	struct th_output *output; /* NULL: not connected */
	struct th_list link; /* in output->inputs */
	bool open; /* connected, and not being disconnected */
	bool holding; /* while not open: new requests are held, not refused */
	uint32_t in_flight; /* sent through it and not yet returned */
	struct th_list held;
	struct th_list pools;
	struct th_work drain; /* ends a disconnection */
	void (*drained)(struct th_input *input, void *context);
	void *drained_context;
};

struct th_brick {
	const struct th_brick_type *type;
	char name[TH_NAME_MAX + 1];
	struct th_executor *executor;
	struct th_registry *registry;
	struct th_list link; /* in the registry */
	struct th_list gathered; /* while the graph is walked */
	uint32_t id; /* unique in the registry, and small */
	enum th_power power;
	uint32_t power_percent; /* progress of a transition */
	struct th_error error; /* why the last transition failed */
	void (*power_done)(struct th_brick *brick, void *context);
	void *power_context;
	struct th_work power_work; /* runs power_done */
	struct th_input *inputs; /* of type->input_count */
	struct th_output outputs[TH_BRICK_OUTPUTS_MAX];
};

/* All types and bricks of one host. */
struct th_registry {
	struct th_list bricks; /* by id */
	const struct th_brick_type *types[TH_BRICK_TYPES_MAX];
	uint32_t type_count;
};

void th_registry_init(struct th_registry *registry);
/* -EEXIST (the name), -ENOSPC, -EINVAL (the description is not complete: see struct th_brick_type) */
int th_registry_add_type(struct th_registry *registry, const struct th_brick_type *type);
const struct th_brick_type *th_registry_find_type(const struct th_registry *registry,
						  const char *name);
struct th_brick *th_registry_find_brick(const struct th_registry *registry, const char *name);

/*
 * @name: 1 to TH_NAME_MAX printable ASCII characters other than blank, quotation mark and backslash. The new brick is
 * off and not connected. May block. -EEXIST (the name), -EINVAL, -ENOMEM or the error of the type's create.
 */
int th_brick_create(struct th_registry *registry, const struct th_brick_type *type,
		    const char *name, struct th_executor *executor, const void *config,
		    struct th_brick **brick, struct th_error *error);
/*
 * Only a brick that is off and not connected, whose inputs hold no request and whose power_done has run; else
 * -EBUSY. The type's destroy must destroy its pools. May block.
 */
int th_brick_destroy(struct th_registry *registry, struct th_brick *brick);

/*
 * Switches a brick; @done runs (never inside this call) when it has reached on or off. A failed switch-on ends
 * in TH_OFF with brick->error set. -EBUSY from the call until @done has run. Asking for what is already so: @done is
 * posted, nothing else happens. @done may be NULL.
 */
int th_brick_power(struct th_brick *brick, bool on, void (*done)(struct th_brick *, void *),
		   void *context);
/*
 * By the brick: progress of the transition, and its end (TH_ON or TH_OFF). One that ends otherwise than asked says why
 * before, by th_error_set() on brick->error.
 */
void th_brick_power_progress(struct th_brick *brick, uint32_t percent);
void th_brick_power_reached(struct th_brick *brick, enum th_power power);

/*
 * Connects; requests that the input held are submitted, so the brick behind is switched on before. All or nothing. May
 * block (for memory). -EPROTOTYPE (types differ), -EISCONN (also while it is being disconnected), -ELOOP (the brick
 * itself lies behind the output), -EXDEV (other executor or registry), -ENOMEM.
 */
int th_connect(struct th_input *input, struct th_output *output);
/*
 * Disconnects once all requests under way through @input have returned; then @drained (which may be NULL) runs, from
 * a work of its own. New requests are held until the input is connected again or th_input_fail_held() is
 * called. -ENOTCONN, -EALREADY (it is being disconnected).
 */
int th_disconnect(struct th_input *input, void (*drained)(struct th_input *, void *),
		  void *context);
/*
 * Of an input that is not connected or being disconnected: what is held is completed (later) with @error, and from
 * now on requests are refused (-ENOTCONN) instead of held. Of an open input nothing is held: nothing happens.
 */
void th_input_fail_held(struct th_input *input, int error);

/*
 * Sends a request, after th_request_push(). One that cannot go (not connected, brick behind is off) is
 * completed later with -ENOTCONN.
 */
void th_input_submit(struct th_input *input, struct th_request *request);
/* Capabilities of what is connected. False when nothing is, or it is off. */
bool th_input_info(const struct th_input *input, struct th_block_info *info);

/*
 * The live graph, written through @write line by line. Text: of key=value pairs, one line per brick, then one per input;
 * "description=", where a brick has one, is the last of its line and may contain blanks. Graphviz: a digraph that
 * `dot` accepts.
 */
enum th_wire_format { TH_WIRE_TEXT, TH_WIRE_GRAPHVIZ };
void th_registry_wire(const struct th_registry *registry, enum th_wire_format format,
		      void (*write)(void *context, const char *text, size_t bytes), void *context);

#endif
