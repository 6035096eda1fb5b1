// SPDX-License-Identifier: GPL-2.0
/*
 * How a disk appears and vanishes: one command after the other, each step begun by the answer to the one before.
 *
 *   appear:  which features -> look for a disk that was left behind -> take it over
 *                                                                   -> or remove it -> add a new one
 *            -> fetch requests -> start
 *   vanish:  write back what is cached -> stop -> delete
 */
#include "ublk_disk.h"
#include "ublk_link.h"

#include <unistd.h>

#define AGAIN_NS	     (20 * TH_NS_PER_MS)
#define PHYSICAL_BLOCK_BYTES 4096u /* less is copied up to a whole one in the log */
#define DISCARD_SECTORS_MAX  (1u << 21) /* 1 GiB: no payload, and still a request that ends soon */
#define SECTOR_SHIFT	     9
/* The one before must have let its requests be taken over, and given again those that it had. */
#define FLAGS (UBLK_F_USER_RECOVERY | UBLK_F_USER_RECOVERY_REISSUE)

/* ---- asking ---- */

static void ask_with(struct th_ublk *ublk, uint32_t operation, void *memory, size_t bytes,
		     uint64_t value, th_ublk_step *then)
{
	const struct ublksrv_ctrl_cmd command = {
		.dev_id = ublk->number,
		.queue_id = UINT16_MAX,
		.addr = (uintptr_t)memory,
		.len = (uint16_t)bytes,
		.data = { value },
	};

	TH_ASSERT(!ublk->then);
	ublk->then = then;
	ublk->config.kernel->command(ublk->line, operation, &command);
}

static void ask(struct th_ublk *ublk, uint32_t operation, th_ublk_step *then)
{
	ask_with(ublk, operation, NULL, 0, 0, then);
}

static void ask_info(struct th_ublk *ublk, uint32_t operation, th_ublk_step *then)
{
	ask_with(ublk, operation, &ublk->info, sizeof(ublk->info), 0, then);
}

static void ask_params(struct th_ublk *ublk, uint32_t operation, th_ublk_step *then)
{
	ask_with(ublk, operation, &ublk->params, sizeof(ublk->params), 0, then);
}

/* ---- the end of it ---- */

static void hang_up(struct th_ublk *ublk)
{
	ublk->closing = true;
	if (ublk->in_flight)
		return;
	th_executor_disarm(ublk->brick.executor, &ublk->again);
	ublk->then = NULL;
	ublk->config.kernel->close(ublk->line);
	ublk->line = NULL;
	ublk->closing = false;
	th_ublk_reached(ublk, TH_OFF);
}

void th_ublk_returned(struct th_ublk *ublk)
{
	if (ublk->closing)
		th_executor_post(ublk->brick.executor, &ublk->abandon);
}

static void deleted(struct th_ublk *ublk, int result)
{
	if (result)
		th_log(TH_LOG_WARNING, "%s: /dev/ublkb%u is not deleted: %s", ublk->name,
		       ublk->number, strerror(-result));
	hang_up(ublk);
}

/* Before Linux 6.9 there is only the command that waits until nobody has the disk open. */
static void deleted_later(struct th_ublk *ublk, int result)
{
	if (result == -EOPNOTSUPP)
		ask(ublk, UBLK_U_CMD_DEL_DEV, deleted);
	else
		deleted(ublk, result);
}

static void stopped(struct th_ublk *ublk, int result)
{
	(void)result;
	ublk->config.kernel->unmap(ublk->line);
	ask(ublk, UBLK_U_CMD_DEL_DEV_ASYNC, deleted_later);
}

static void take_away(struct th_ublk *ublk)
{
	ask(ublk, UBLK_U_CMD_STOP_DEV, stopped);
}

static int fail(struct th_ublk *ublk, int code, const char *what)
{
	return th_error_set(&ublk->brick.error, code, "%s: %s: %s", ublk->name, what,
			    strerror(-code));
}

/* ---- being there ---- */

static void appeared(struct th_ublk *ublk, int result)
{
	if (result && ublk->succeeding) {
		/* It stays as it was before: for another try. */
		fail(ublk, result, "the disk that was left behind cannot be taken over");
		hang_up(ublk);
		return;
	}
	if (result) {
		fail(ublk, result, "the disk cannot be started");
		take_away(ublk);
		return;
	}
	if (ublk->config.link_directory)
		th_ublk_link_make(ublk->config.link_directory, ublk->name, ublk->number);
	th_log(TH_LOG_INFO, "%s: %s /dev/ublkb%u", ublk->name,
	       ublk->succeeding ? "goes on as" : "shown as", ublk->number);
	th_ublk_reached(ublk, TH_ON);
}

/* What the kernel waits for when it starts a disk: that we wait for a request of each tag. */
static bool receive_requests(struct th_ublk *ublk)
{
	if (ublk->config.kernel->map(ublk->line, ublk->number, &ublk->descriptors,
				     &ublk->brick.error))
		return false;
	th_ublk_fetch_all(ublk);
	return true;
}

/* ---- a new disk ---- */

static uint8_t shift_of(uint32_t bytes)
{
	uint8_t shift = 0;

	while ((1u << shift) < bytes)
		shift++;
	return shift;
}

static void describe(const struct th_ublk *ublk, struct ublk_params *params)
{
	const struct th_block_info *device = &ublk->device;
	uint32_t physical_bytes = TH_MAX(device->block_bytes, PHYSICAL_BLOCK_BYTES);

	*params = (struct ublk_params){
		.len = sizeof(*params),
		.types = UBLK_PARAM_TYPE_BASIC | UBLK_PARAM_TYPE_DISCARD,
		.basic = {
			.attrs = UBLK_ATTR_VOLATILE_CACHE | UBLK_ATTR_FUA,
			.logical_bs_shift = shift_of(device->block_bytes),
			.physical_bs_shift = shift_of(physical_bytes),
			.io_opt_shift = shift_of(physical_bytes),
			.io_min_shift = shift_of(physical_bytes),
			.max_sectors = TH_UBLK_TRANSFER_BYTES >> SECTOR_SHIFT,
			.dev_sectors = device->size_bytes >> SECTOR_SHIFT,
		},
		.discard = {
			.discard_granularity = device->block_bytes,
			.max_discard_sectors = DISCARD_SECTORS_MAX,
			.max_write_zeroes_sectors = DISCARD_SECTORS_MAX,
			.max_discard_segments = 1,
		},
	};
	if (ublk->config.read_only || device->read_only)
		params->basic.attrs |= UBLK_ATTR_READ_ONLY;
	if (device->rotational)
		params->basic.attrs |= UBLK_ATTR_ROTATIONAL;
}

static void described(struct th_ublk *ublk, int result)
{
	if (result)
		fail(ublk, result, "the kernel does not take what the disk can do");
	if (result || !receive_requests(ublk))
		take_away(ublk);
	else
		ask_with(ublk, UBLK_U_CMD_START_DEV, NULL, 0, (uint64_t)getpid(), appeared);
}

static void added(struct th_ublk *ublk, int result)
{
	if (result) {
		fail(ublk, result, "the kernel makes no disk");
		hang_up(ublk);
		return;
	}
	ublk->number = ublk->info.dev_id;
	ublk->size_bytes = ublk->device.size_bytes;
	describe(ublk, &ublk->params);
	ask_params(ublk, UBLK_U_CMD_SET_PARAMS, described);
}

static uint64_t identity(const struct th_ublk *ublk)
{
	return (uint64_t)ublk->config.place_id << 32 | ublk->config.content_id;
}

static void add(struct th_ublk *ublk)
{
	ublk->succeeding = false;
	ublk->number = UINT32_MAX;
	ublk->info = (struct ublksrv_ctrl_dev_info){
		.nr_hw_queues = 1, /* there is one thread to serve them */
		.queue_depth = (uint16_t)ublk->config.queue_depth,
		.max_io_buf_bytes = TH_UBLK_TRANSFER_BYTES,
		.dev_id = ublk->number,
		.flags = FLAGS,
		.ublksrv_flags = identity(ublk),
	};
	ask_info(ublk, UBLK_U_CMD_ADD_DEV, added);
}

/* ---- a disk that was left behind ---- */

static void look_again(struct th_ublk *ublk)
{
	uint64_t now_ns = th_executor_now_ns(ublk->brick.executor);

	if (now_ns < ublk->deadline_ns) {
		th_executor_arm(ublk->brick.executor, &ublk->again, now_ns + AGAIN_NS);
		return;
	}
	th_error_set(&ublk->brick.error, -EBUSY,
		     "%s: process %d still serves /dev/ublkb%u under this name: end it first",
		     ublk->name, ublk->info.ublksrv_pid, ublk->number);
	hang_up(ublk);
}

static void removed(struct th_ublk *ublk, int result)
{
	if (result)
		th_log(TH_LOG_WARNING, "%s: /dev/ublkb%u is not deleted: %s", ublk->name,
		       ublk->number, strerror(-result));
	add(ublk);
}

static void removed_later(struct th_ublk *ublk, int result)
{
	/* Not waited for: whoever has it open may take his time. */
	removed(ublk, result == -EOPNOTSUPP ? 0 : result);
}

static void stopped_old(struct th_ublk *ublk, int result)
{
	(void)result;
	ask(ublk, UBLK_U_CMD_DEL_DEV_ASYNC, removed_later);
}

static void remove_old(struct th_ublk *ublk, const char *why)
{
	th_log(TH_LOG_WARNING,
	       "%s: /dev/ublkb%u was left behind %s: it is removed, and whoever has it open gets errors",
	       ublk->name, ublk->number, why);
	ask(ublk, UBLK_U_CMD_STOP_DEV, stopped_old);
}

static void recovering(struct th_ublk *ublk, int result)
{
	if (result == -EBUSY) {
		look_again(ublk);
		return;
	}
	if (result) {
		/* Somebody began to take it over, and died before he had. */
		remove_old(ublk, "in a state from which nobody can go on");
		return;
	}
	ublk->succeeding = true;
	if (receive_requests(ublk))
		ask_with(ublk, UBLK_U_CMD_END_USER_RECOVERY, NULL, 0, (uint64_t)getpid(), appeared);
	else
		hang_up(ublk);
}

/* Of a disk that was taken over nothing can change but its size. */
static const char *misfit(const struct th_ublk *ublk)
{
	struct ublk_params wanted;
	const struct ublk_param_basic *old = &ublk->params.basic, *new = &wanted.basic;

	describe(ublk, &wanted);
	if ((old->attrs ^ new->attrs) & UBLK_ATTR_READ_ONLY)
		return old->attrs & UBLK_ATTR_READ_ONLY ? "read-only" : "writable";
	if (old->attrs != new->attrs || old->logical_bs_shift != new->logical_bs_shift ||
	    old->physical_bs_shift != new->physical_bs_shift ||
	    old->max_sectors != new->max_sectors || old->dev_sectors > new->dev_sectors)
		return "with other properties";
	return NULL;
}

static void compared(struct th_ublk *ublk, int result)
{
	const char *why = result ? "in an unknown state" : misfit(ublk);

	if (why) {
		remove_old(ublk, why);
		return;
	}
	ublk->size_bytes = ublk->params.basic.dev_sectors << SECTOR_SHIFT;
	ask(ublk, UBLK_U_CMD_START_USER_RECOVERY, recovering);
}

static void judge(struct th_ublk *ublk)
{
	const struct ublksrv_ctrl_dev_info *info = &ublk->info;

	/* The kernel may take a moment to notice that a process has died. */
	if (info->state == UBLK_S_DEV_LIVE) {
		look_again(ublk);
		return;
	}
	if (info->state == UBLK_S_DEV_DEAD)
		remove_old(ublk, "before it was started");
	else if (info->ublksrv_flags != identity(ublk))
		remove_old(ublk, "by another resource");
	else if ((info->flags & FLAGS) != FLAGS || info->nr_hw_queues != 1 ||
		 info->queue_depth != ublk->config.queue_depth ||
		 info->max_io_buf_bytes != TH_UBLK_TRANSFER_BYTES)
		remove_old(ublk, "by another version");
	else {
		ublk->params = (struct ublk_params){ .len = sizeof(ublk->params) };
		ask_params(ublk, UBLK_U_CMD_GET_PARAMS, compared);
	}
}

static void look(struct th_ublk *ublk);

static void looked(struct th_ublk *ublk, int result)
{
	if (result == 0 && ublk->info.ublksrv_flags >> 32 == ublk->config.place_id) {
		judge(ublk);
		return;
	}
	ublk->next++;
	look(ublk);
}

/* At the next of all disks; behind the last one, none was left behind. */
static void look(struct th_ublk *ublk)
{
	if (ublk->next == ublk->number_count) {
		add(ublk);
		return;
	}
	ublk->number = ublk->numbers[ublk->next];
	ask_info(ublk, UBLK_U_CMD_GET_DEV_INFO, looked);
}

static void run_again(struct th_timer *timer)
{
	look(th_container_of(timer, struct th_ublk, again));
}

static void know_features(struct th_ublk *ublk, int result)
{
	if (result) {
		th_error_set(&ublk->brick.error, -EOPNOTSUPP,
			     "%s: the ublk of this kernel is too old (%s): Linux 6.5 or newer is "
			     "needed; or export over NBD",
			     ublk->name, strerror(-result));
		hang_up(ublk);
		return;
	}
	ublk->number_count = ublk->config.kernel->list(ublk->config.kernel, ublk->numbers);
	ublk->next = 0;
	look(ublk);
}

/* ---- changes ---- */

static void resized(struct th_ublk *ublk, int result)
{
	if (result)
		th_log(TH_LOG_WARNING, "%s: /dev/ublkb%u does not grow: %s", ublk->name,
		       ublk->number, strerror(-result));
	if (ublk->brick.power == TH_SWITCHING_OFF)
		th_ublk_vanish(ublk);
}

void th_ublk_follow(struct th_ublk *ublk)
{
	struct th_block_info device;

	if (ublk->then || !th_input_info(th_ublk_device(ublk), &device) ||
	    device.size_bytes <= ublk->size_bytes || device.size_bytes == ublk->refused_bytes)
		return;
	if (!(ublk->features & UBLK_F_UPDATE_SIZE)) {
		ublk->refused_bytes = device.size_bytes;
		th_log(TH_LOG_WARNING,
		       "%s: the device has grown, but this kernel's ublk cannot enlarge a disk: "
		       "/dev/ublkb%u keeps its size until it is exported anew",
		       ublk->name, ublk->number);
		return;
	}
	ublk->size_bytes = device.size_bytes;
	ask_with(ublk, UBLK_U_CMD_UPDATE_SIZE, NULL, 0, device.size_bytes >> SECTOR_SHIFT, resized);
}

/* ---- from outside ---- */

void th_ublk_answered(void *context, int result)
{
	struct th_ublk *ublk = context;
	th_ublk_step *then = ublk->then;

	TH_ASSERT(then);
	ublk->then = NULL;
	then(ublk, result);
}

static void run_abandon(struct th_work *work)
{
	hang_up(th_container_of(work, struct th_ublk, abandon));
}

/* A disk that was added, or is being taken over, stays: the next one finds and removes it, or takes it over. */
void th_ublk_refused(struct th_ublk *ublk, uint32_t tag, int error)
{
	th_log(TH_LOG_ERROR, "%s: /dev/ublkb%u gives no requests of tag %u: %s", ublk->name,
	       ublk->number, tag, strerror(-error));
	if (ublk->brick.power != TH_SWITCHING_ON)
		return;
	fail(ublk, error, "the kernel gives no requests");
	th_executor_post(ublk->brick.executor, &ublk->abandon);
}

void th_ublk_appear(struct th_ublk *ublk)
{
	th_timer_init(&ublk->again, run_again);
	th_work_init(&ublk->abandon, run_abandon);
	ublk->refused_bytes = 0;
	ublk->deadline_ns = th_executor_now_ns(ublk->brick.executor) + ublk->config.patience_ns;
	if (ublk->config.kernel->open(ublk->config.kernel, ublk->config.loop,
				      ublk->config.queue_depth, &th_ublk_events, ublk, &ublk->line,
				      &ublk->brick.error)) {
		th_ublk_reached(ublk, TH_OFF);
		return;
	}
	ublk->number = UINT32_MAX;
	ask_with(ublk, UBLK_U_CMD_GET_FEATURES, &ublk->features, sizeof(ublk->features), 0,
		 know_features);
}

/* Writers may have left something in the system's caches; what fails of that is theirs to know. */
static void synced(struct th_ublk *ublk, int result)
{
	if (result)
		th_log(TH_LOG_WARNING, "%s: what was cached of /dev/ublkb%u may be lost: %s",
		       ublk->name, ublk->number, strerror(-result));
	take_away(ublk);
}

void th_ublk_vanish(struct th_ublk *ublk)
{
	/* A change of its size comes first. */
	if (ublk->then)
		return;
	if (ublk->config.link_directory)
		th_ublk_link_remove(ublk->config.link_directory, ublk->name, ublk->number);
	ublk->then = synced;
	ublk->config.kernel->sync(ublk->line, ublk->number);
}
