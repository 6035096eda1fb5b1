// SPDX-License-Identifier: GPL-2.0
/*
 * tharsis_io_test.ko: the kernel's I/O bricks for the tests of the contract, which run as a process (io_far.h, io_far.c). For
 * test machines only.
 */
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "aio_kernel.h"
#include "io_far.h"
#include "io_holders_kernel.h"
#include "kernel_loop.h"
#include "sio.h"

#define POOL_CAPACITY 256u
#define MEMORY_MAX    (16 * TH_MIB)

struct far_brick {
	struct th_kernel_loop loop;
	struct th_registry registry;
	struct th_brick *client;
	struct th_brick *io; /* NULL: not created */
	struct th_request_pool *pools[2];
	struct mutex shape; /* creating and switching */
};

/* ---- the client ---- */

static void client_power(struct th_brick *brick, bool on)
{
	th_brick_power_reached(brick, on ? TH_ON : TH_OFF);
}

static const struct th_brick_type client_type = {
	.name = "client",
	.brick_bytes = sizeof(struct th_brick),
	.aspect_bytes = 16,
	.input_count = 2,
	.inputs = {
		[TH_IO_OUTPUT_TARGET] = { .name = "disk", .type = TH_PORT_BLOCK },
		[TH_IO_OUTPUT_DIRECTORY] = { .name = "log", .type = TH_PORT_FILES },
	},
	.power = client_power,
};

/* ---- creating ---- */

struct creating {
	struct far_brick *far;
	const struct far_create *wish;
	const char *path;
	struct th_error error;
};

static int connect_client(struct far_brick *far)
{
	int error = 0;

	for (int i = 0; i < 2 && !error; i++) {
		error = th_connect(&far->client->inputs[i], &far->io->outputs[i]);
		if (!error)
			error = th_request_pool_create(&far->client->inputs[i], POOL_CAPACITY,
						       &far->pools[i]);
	}
	return error;
}

static void create_on_loop(void *context)
{
	struct creating *creating = context;
	struct far_brick *far = creating->far;
	const struct far_create *wish = creating->wish;
	const struct th_io_config config = {
		.path = creating->path,
		.kind = (enum th_io_kind)wish->kind,
		.direct = wish->direct,
		.direct_devices = wish->direct_devices,
		.read_only = wish->read_only,
		.inline_writes = wish->inline_writes,
		.create_bytes = wish->create_bytes,
		.thread_count = wish->thread_count,
	};

	th_registry_init(&far->registry);
	creating->error.code = th_brick_create(&far->registry, &client_type, "client",
					       &far->loop.executor, NULL, &far->client,
					       &creating->error);
	if (creating->error.code)
		return;
	creating->error.code =
		th_brick_create(&far->registry, wish->aio ? &th_aio_type : &th_sio_type, "far",
				&far->loop.executor, &config, &far->io, &creating->error);
	if (creating->error.code) {
		TH_ASSERT(th_brick_destroy(&far->registry, far->client) == 0);
		far->io = NULL;
		return;
	}
	TH_ASSERT(connect_client(far) == 0);
}

static void tell_error(struct far_error *to, const struct th_error *error)
{
	to->code = error->code;
	memcpy(to->text, error->text, sizeof(to->text));
}

static int create(struct far_brick *far, struct far_create *wish)
{
	struct creating creating = { .far = far, .wish = wish };
	char *path = NULL;

	BUILD_BUG_ON(sizeof(wish->error.text) != TH_ERROR_TEXT_MAX);
	if (far->io)
		return -EEXIST;
	if (wish->path) {
		path = strndup_user(u64_to_user_ptr(wish->path), FAR_PATH_MAX);
		if (IS_ERR(path))
			return (int)PTR_ERR(path);
	}
	creating.path = path;
	th_kernel_loop_call(&far->loop, create_on_loop, &creating);
	tell_error(&wish->error, &creating.error);
	kfree(path);
	return 0;
}

/* ---- switching ---- */

struct switching {
	struct far_brick *far;
	bool on;
	struct completion done;
};

static void switched(struct th_brick *brick, void *context)
{
	struct switching *switching = context;

	complete(&switching->done);
}

static void switch_on_loop(void *context)
{
	struct switching *switching = context;

	TH_ASSERT(th_brick_power(switching->far->io, switching->on, switched, switching) == 0);
}

static int power(struct far_brick *far, struct far_power *wish)
{
	struct switching switching = { .far = far, .on = wish->on };

	if (!far->io || wish->on != (far->io->power == TH_OFF))
		return -EINVAL;
	init_completion(&switching.done);
	th_kernel_loop_call(&far->loop, switch_on_loop, &switching);
	wait_for_completion(&switching.done);
	tell_error(&wish->error, &far->io->error);
	return 0;
}

/* ---- what it is ---- */

struct looking {
	struct far_brick *far;
	struct th_block_info info;
	struct far_text text;
};

static void look_on_loop(void *context)
{
	struct looking *looking = context;
	struct far_brick *far = looking->far;

	th_input_info(&far->client->inputs[TH_IO_OUTPUT_TARGET], &looking->info);
	far->io->type->describe(far->io, looking->text.text, sizeof(looking->text.text));
}

static int look(struct far_brick *far, struct looking *looking)
{
	memset(looking, 0, sizeof(*looking));
	looking->far = far;
	if (!far->io)
		return -EINVAL;
	th_kernel_loop_call(&far->loop, look_on_loop, looking);
	return 0;
}

/* ---- requests ---- */

/* A request under way, with memory of the kernel's that lies in its pages as the user's does. */
struct sending {
	struct far_brick *far;
	struct far_request *wish;
	struct far_vec *far_vec;
	struct th_vec *vec;
	struct th_directory directory;
	struct completion done;
	u8 *memory;
	size_t memory_bytes;
};

static size_t place_pieces(struct sending *sending, u8 *memory)
{
	size_t at = 0;

	for (u32 i = 0; i < sending->wish->vec_count; i++) {
		at += (sending->far_vec[i].base - at) & (PAGE_SIZE - 1);
		if (sending->far_vec[i].bytes > MEMORY_MAX || at > MEMORY_MAX)
			return SIZE_MAX;
		if (memory) {
			sending->vec[i].base = memory + at;
			sending->vec[i].bytes = (u32)sending->far_vec[i].bytes;
		}
		at += sending->far_vec[i].bytes;
	}
	return at;
}

static int take_memory(struct sending *sending)
{
	u32 count = sending->wish->vec_count;
	size_t bytes;

	if (count > FAR_VEC_MAX)
		return -EINVAL;
	sending->far_vec = kvcalloc(count + 1, sizeof(*sending->far_vec), GFP_KERNEL);
	sending->vec = kvcalloc(count + 1, sizeof(*sending->vec), GFP_KERNEL);
	if (!sending->far_vec || !sending->vec)
		return -ENOMEM;
	if (copy_from_user(sending->far_vec, u64_to_user_ptr(sending->wish->vec),
			   count * sizeof(*sending->far_vec)))
		return -EFAULT;
	bytes = place_pieces(sending, NULL);
	if (bytes == SIZE_MAX)
		return -EINVAL;
	sending->memory_bytes = th_align_up(TH_MAX(bytes, 1), PAGE_SIZE);
	sending->memory = th_alloc_buffer(sending->memory_bytes);
	if (!sending->memory)
		return -ENOMEM;
	place_pieces(sending, sending->memory);
	return 0;
}

static int copy_pieces(struct sending *sending, bool back)
{
	for (u32 i = 0; i < sending->wish->vec_count; i++) {
		void __user *user = u64_to_user_ptr(sending->far_vec[i].base);
		void *memory = sending->vec[i].base;
		size_t bytes = sending->vec[i].bytes;

		if (back ? copy_to_user(user, memory, bytes) : copy_from_user(memory, user, bytes))
			return -EFAULT;
	}
	return 0;
}

static void returned(struct th_request *request, void *context)
{
	struct sending *sending = context;
	struct far_request *wish = sending->wish;

	wish->error = request->error;
	wish->position = request->position;
	wish->length = request->length;
	wish->file = request->file;
	th_request_put(request);
	complete(&sending->done);
}

static void send_on_loop(void *context)
{
	struct sending *sending = context;
	struct far_request *wish = sending->wish;
	u32 output = wish->output == TH_IO_OUTPUT_TARGET ? TH_IO_OUTPUT_TARGET :
							   TH_IO_OUTPUT_DIRECTORY;
	struct th_request *request = th_request_get(sending->far->pools[output]);

	TH_ASSERT(request);
	request->operation = (uint8_t)wish->operation;
	request->flags = (uint8_t)wish->flags;
	request->position = wish->position;
	request->length = wish->length;
	request->file = wish->file;
	if (wish->vec) {
		request->vec = sending->vec;
		request->vec_count = wish->vec_count;
	}
	if (wish->has_name)
		request->name = wish->name;
	if (wish->has_new_name)
		request->new_name = wish->new_name;
	if (wish->entries)
		request->directory = &sending->directory;
	th_request_push(request, returned, sending);
	th_input_submit(&sending->far->client->inputs[output], request);
}

static int take_directory(struct sending *sending)
{
	struct th_directory *directory = &sending->directory;

	if (!sending->wish->entries)
		return 0;
	if (sending->wish->entry_capacity > FAR_VEC_MAX)
		return -EINVAL;
	directory->capacity = sending->wish->entry_capacity;
	directory->entries =
		kvcalloc(directory->capacity + 1, sizeof(*directory->entries), GFP_KERNEL);
	return directory->entries ? 0 : -ENOMEM;
}

static int give_directory(struct sending *sending)
{
	struct th_directory *directory = &sending->directory;

	sending->wish->entry_count = directory->count;
	if (copy_to_user(u64_to_user_ptr(sending->wish->entries), directory->entries,
			 directory->count * sizeof(*directory->entries)))
		return -EFAULT;
	return 0;
}

static int carry_out(struct sending *sending)
{
	struct far_request *wish = sending->wish;
	int error;

	error = copy_pieces(sending, false);
	if (error)
		return error;
	th_kernel_loop_call(&sending->far->loop, send_on_loop, sending);
	wait_for_completion(&sending->done);
	if (wish->operation == TH_READ)
		error = copy_pieces(sending, true);
	if (!error && wish->entries)
		error = give_directory(sending);
	return error;
}

static int send_request(struct far_brick *far, struct far_request *wish)
{
	struct sending sending = { .far = far, .wish = wish };
	int error;

	if (!far->io)
		return -EINVAL;
	init_completion(&sending.done);
	wish->name[FAR_NAME_BYTES - 1] = 0;
	wish->new_name[FAR_NAME_BYTES - 1] = 0;
	error = take_memory(&sending);
	if (!error)
		error = take_directory(&sending);
	if (!error)
		error = carry_out(&sending);
	kvfree(sending.directory.entries);
	if (sending.memory)
		th_free_buffer(sending.memory, sending.memory_bytes);
	kvfree(sending.vec);
	kvfree(sending.far_vec);
	return error;
}

/* ---- the device ---- */

static long serve(struct far_brick *far, unsigned int command, void *argument)
{
	struct looking looking;
	struct far_info *info = argument;
	int error;

	switch (command) {
	case FAR_CREATE:
		return create(far, argument);
	case FAR_POWER:
		return power(far, argument);
	case FAR_INFO:
		error = look(far, &looking);
		*info = (struct far_info){
			.size_bytes = looking.info.size_bytes,
			.block_bytes = looking.info.block_bytes,
			.memory_align_bytes = looking.info.memory_align_bytes,
			.read_only = looking.info.read_only,
			.rotational = looking.info.rotational,
		};
		return error;
	case FAR_DESCRIBE:
		error = look(far, &looking);
		*(struct far_text *)argument = looking.text;
		return error;
	default:
		return send_request(far, argument);
	}
}

static bool is_known(unsigned int command)
{
	return command == FAR_CREATE || command == FAR_POWER || command == FAR_INFO ||
	       command == FAR_DESCRIBE || command == FAR_REQUEST;
}

static long far_ioctl(struct file *file, unsigned int command, unsigned long address)
{
	struct far_brick *far = file->private_data;
	void __user *user = (void __user *)address;
	size_t bytes = _IOC_SIZE(command);
	void *argument;
	long error;

	if (!is_known(command))
		return -ENOTTY;
	argument = memdup_user(user, bytes);
	if (IS_ERR(argument))
		return PTR_ERR(argument);
	if (command != FAR_REQUEST)
		mutex_lock(&far->shape);
	error = serve(far, command, argument);
	if (command != FAR_REQUEST)
		mutex_unlock(&far->shape);
	if (!error && copy_to_user(user, argument, bytes))
		error = -EFAULT;
	kfree(argument);
	return error;
}

static int far_open(struct inode *inode, struct file *file)
{
	struct far_brick *far = kvzalloc(sizeof(*far), GFP_KERNEL);
	int error;

	if (!far)
		return -ENOMEM;
	mutex_init(&far->shape);
	error = th_kernel_loop_start(&far->loop, "tharsis_test");
	if (error) {
		kvfree(far);
		return error;
	}
	file->private_data = far;
	return nonseekable_open(inode, file);
}

struct leaving {
	struct far_brick *far;
	atomic_t connected;
	struct completion done;
};

static void disconnected(struct th_input *input, void *context)
{
	struct leaving *leaving = context;

	if (atomic_dec_and_test(&leaving->connected))
		complete(&leaving->done);
}

static void leave_on_loop(void *context)
{
	struct leaving *leaving = context;

	for (int i = 0; i < 2; i++) {
		th_request_pool_destroy(leaving->far->pools[i]);
		TH_ASSERT(th_disconnect(&leaving->far->client->inputs[i], disconnected, leaving) ==
			  0);
	}
}

static void destroy_on_loop(void *context)
{
	struct far_brick *far = context;

	TH_ASSERT(th_brick_destroy(&far->registry, far->io) == 0);
	TH_ASSERT(th_brick_destroy(&far->registry, far->client) == 0);
}

static int far_release(struct inode *inode, struct file *file)
{
	struct far_brick *far = file->private_data;
	struct leaving leaving = { .far = far, .connected = ATOMIC_INIT(2) };
	struct far_power off = { .on = false };

	if (far->io) {
		if (far->io->power == TH_ON)
			power(far, &off);
		init_completion(&leaving.done);
		th_kernel_loop_call(&far->loop, leave_on_loop, &leaving);
		wait_for_completion(&leaving.done);
		th_kernel_loop_call(&far->loop, destroy_on_loop, far);
	}
	th_kernel_loop_stop(&far->loop);
	kvfree(far);
	return 0;
}

static const struct file_operations far_operations = {
	.owner = THIS_MODULE,
	.open = far_open,
	.release = far_release,
	.unlocked_ioctl = far_ioctl,
};

static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tharsis-io-test",
	.fops = &far_operations,
	.mode = 0600,
};

static int __init io_test_init(void)
{
	int error = th_aio_start();

	if (error)
		return error;
	error = misc_register(&misc);
	if (error)
		th_aio_stop();
	return error;
}

static void __exit io_test_exit(void)
{
	misc_deregister(&misc);
	th_holders_end();
	th_aio_stop();
}

module_init(io_test_init);
module_exit(io_test_exit);

MODULE_DESCRIPTION("The kernel's I/O bricks for the tests of their contract");
MODULE_AUTHOR("The Tharsis authors");
MODULE_LICENSE("GPL");
