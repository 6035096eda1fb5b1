// SPDX-License-Identifier: GPL-2.0
/*
 * Between a process, which reads and writes, and its session on the executor. What both touch is under the client's
 * lock. Replies are read from the memory of the session, which keeps them until they were read to their end.
 */
#include "control_device.h"

#include "command_line.h"

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

struct client {
	struct th_session *session; /* the executor's */
	struct th_work work;
	struct mutex writing; /* one write at a time */
	struct mutex reading; /* one read at a time */
	wait_queue_head_t changed;

	spinlock_t lock; /* for all below */
	bool posted; /* the work is */
	bool closing;
	size_t input_bytes; /* that wait for the executor, in input; 0: the writer may fill it */
	size_t taken_bytes; /* of them, taken by the session */
	size_t room; /* that the session had when it was last looked at */
	const char *output; /* NULL: there is no reply */
	size_t output_bytes;
	size_t read_bytes; /* of it */
	char input[TH_LINE_MAX];
};

static struct {
	struct th_kernel_loop *loop;
	struct th_control *control;
	void (*settle)(void);
} device;

/* ---- on the executor ---- */

/*
 * A reply is told when what it tells can be seen everywhere. The session says again that there is one when more input comes:
 * of the same reply a part may have been read.
 */
static void output_ready(void *context)
{
	struct client *client = context;
	const char *output;
	size_t bytes;

	device.settle();
	output = th_session_output(client->session, &bytes);
	spin_lock(&client->lock);
	if (!client->output) {
		client->output = output;
		client->output_bytes = bytes;
		client->read_bytes = 0;
	}
	spin_unlock(&client->lock);
	wake_up_interruptible(&client->changed);
}

/* A reply that was read to its end is taken back. */
static void take_back_reply(struct client *client)
{
	size_t bytes = 0;

	spin_lock(&client->lock);
	if (client->output && client->read_bytes == client->output_bytes) {
		bytes = client->output_bytes;
		client->output = NULL;
	}
	spin_unlock(&client->lock);
	if (bytes)
		th_session_sent(client->session, bytes);
}

static void take_input(struct client *client)
{
	size_t room;
	size_t bytes;
	char *to = th_session_input(client->session, &room);

	spin_lock(&client->lock);
	bytes = TH_MIN(room, client->input_bytes - client->taken_bytes);
	memcpy(to, client->input + client->taken_bytes, bytes);
	client->taken_bytes += bytes;
	spin_unlock(&client->lock);
	if (bytes)
		th_session_received(client->session, bytes);
	th_session_input(client->session, &room);
	spin_lock(&client->lock);
	client->room = room;
	spin_unlock(&client->lock);
}

static void run(struct th_work *work)
{
	struct client *client = th_container_of(work, struct client, work);
	bool closing;

	spin_lock(&client->lock);
	client->posted = false;
	closing = client->closing;
	spin_unlock(&client->lock);
	if (closing) {
		th_session_close(client->session);
		th_free(client);
		return;
	}
	take_back_reply(client);
	take_input(client);
	wake_up_interruptible(&client->changed);
}

static void open_session(void *context)
{
	struct client *client = context;
	size_t room;

	client->session = th_session_open(device.control, output_ready, client);
	if (!client->session)
		return;
	th_session_input(client->session, &room);
	client->room = room;
}

/* ---- in a process ---- */

/* The lock is held: so a work is posted once, and none is posted for a client that is gone. */
static void post(struct client *client)
{
	if (client->posted)
		return;
	client->posted = true;
	th_executor_post_remote(&device.loop->executor, &client->work);
}

static int device_open(struct inode *inode, struct file *file)
{
	struct client *client;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	client = th_alloc(sizeof(*client));
	if (!client)
		return -ENOMEM;
	th_work_init(&client->work, run);
	mutex_init(&client->writing);
	mutex_init(&client->reading);
	init_waitqueue_head(&client->changed);
	spin_lock_init(&client->lock);
	th_kernel_loop_call(device.loop, open_session, client);
	if (!client->session) {
		th_free(client);
		return -EUSERS;
	}
	file->private_data = client;
	return stream_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	struct client *client = file->private_data;

	spin_lock(&client->lock);
	client->closing = true;
	post(client);
	spin_unlock(&client->lock);
	return 0;
}

static bool has_room(struct client *client)
{
	bool room;

	spin_lock(&client->lock);
	room = client->room > 0;
	spin_unlock(&client->lock);
	return room;
}

static bool was_taken(struct client *client)
{
	bool taken;

	spin_lock(&client->lock);
	taken = client->taken_bytes > 0;
	spin_unlock(&client->lock);
	return taken;
}

/* Hands over what is in client->input, and waits until some of it was taken: how much. */
static ssize_t hand_over(struct client *client, size_t bytes)
{
	ssize_t taken;
	int error;

	spin_lock(&client->lock);
	client->input_bytes = bytes;
	client->taken_bytes = 0;
	post(client);
	spin_unlock(&client->lock);
	error = wait_event_interruptible(client->changed, was_taken(client));
	spin_lock(&client->lock);
	taken = (ssize_t)client->taken_bytes;
	client->input_bytes = 0;
	client->taken_bytes = 0;
	spin_unlock(&client->lock);
	return taken ? taken : error;
}

static ssize_t write_some(struct client *client, const char __user *from, size_t bytes, bool wait)
{
	bytes = TH_MIN(bytes, sizeof(client->input));
	if (!has_room(client)) {
		if (!wait)
			return -EAGAIN;
		if (wait_event_interruptible(client->changed, has_room(client)))
			return -ERESTARTSYS;
	}
	if (copy_from_user(client->input, from, bytes))
		return -EFAULT;
	return hand_over(client, bytes);
}

static ssize_t device_write(struct file *file, const char __user *from, size_t bytes,
			    loff_t *position)
{
	struct client *client = file->private_data;
	bool wait = !(file->f_flags & O_NONBLOCK);
	size_t done = 0;
	ssize_t some = 0;

	if (mutex_lock_interruptible(&client->writing))
		return -ERESTARTSYS;
	while (done < bytes) {
		some = write_some(client, from + done, bytes - done, wait);
		if (some < 0)
			break;
		done += (size_t)some;
	}
	mutex_unlock(&client->writing);
	return done ? (ssize_t)done : some;
}

/* What can be read now: how much. */
static size_t readable(struct client *client, const char **from)
{
	size_t bytes = 0;

	spin_lock(&client->lock);
	if (client->output) {
		*from = client->output + client->read_bytes;
		bytes = client->output_bytes - client->read_bytes;
	}
	spin_unlock(&client->lock);
	return bytes;
}

static void was_read(struct client *client, size_t bytes)
{
	spin_lock(&client->lock);
	client->read_bytes += bytes;
	if (client->read_bytes == client->output_bytes)
		post(client);
	spin_unlock(&client->lock);
}

static ssize_t read_some(struct client *client, char __user *to, size_t bytes, bool wait)
{
	const char *from;

	if (!wait && !readable(client, &from))
		return -EAGAIN;
	if (wait_event_interruptible(client->changed, readable(client, &from)))
		return -ERESTARTSYS;
	bytes = TH_MIN(bytes, readable(client, &from));
	if (copy_to_user(to, from, bytes))
		return -EFAULT;
	was_read(client, bytes);
	return (ssize_t)bytes;
}

static ssize_t device_read(struct file *file, char __user *to, size_t bytes, loff_t *position)
{
	struct client *client = file->private_data;
	ssize_t result;

	if (bytes == 0)
		return 0;
	if (mutex_lock_interruptible(&client->reading))
		return -ERESTARTSYS;
	result = read_some(client, to, bytes, !(file->f_flags & O_NONBLOCK));
	mutex_unlock(&client->reading);
	return result;
}

static __poll_t device_poll(struct file *file, struct poll_table_struct *table)
{
	struct client *client = file->private_data;
	__poll_t events = 0;
	const char *from;

	poll_wait(file, &client->changed, table);
	if (readable(client, &from))
		events |= EPOLLIN | EPOLLRDNORM;
	if (has_room(client))
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.write = device_write,
	.poll = device_poll,
	.llseek = noop_llseek,
};

static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tharsis-control",
	.fops = &device_operations,
	.mode = 0600,
};

int th_control_device_start(struct th_kernel_loop *loop, struct th_control *control,
			    void (*settle)(void))
{
	device.loop = loop;
	device.control = control;
	device.settle = settle;
	return misc_register(&misc);
}

void th_control_device_stop(void)
{
	misc_deregister(&misc);
}
