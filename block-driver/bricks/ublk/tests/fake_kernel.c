// SPDX-License-Identifier: GPL-2.0
#include "fake_kernel.h"

#define FIRST_NUMBER 3u

struct th_ublk_line {
	struct fake_kernel *kernel;
	const struct th_ublk_events *events;
	void *context;
	uint32_t depth;
	struct th_work work;
	struct fake_disk *disk; /* mapped */

	bool asked;
	bool syncing;
	uint32_t operation;
	struct ublksrv_ctrl_cmd command;
	bool aborting; /* the disk is stopped: fetches end */
	bool fetch_refused;
};

static struct fake_kernel *kernel_of(const struct th_ublk_kernel *ops)
{
	return th_container_of(ops, struct fake_kernel, ops);
}

struct fake_disk *fake_disk(struct fake_kernel *kernel, uint32_t number)
{
	for (uint32_t i = 0; i < FAKE_DISKS_MAX; i++) {
		if (kernel->disks[i].there && kernel->disks[i].number == number)
			return &kernel->disks[i];
	}
	return NULL;
}

uint32_t fake_disk_count(const struct fake_kernel *kernel)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < FAKE_DISKS_MAX; i++)
		count += kernel->disks[i].there;
	return count;
}

static struct fake_disk *new_disk(struct fake_kernel *kernel)
{
	for (uint32_t i = 0; i < FAKE_DISKS_MAX; i++) {
		struct fake_disk *disk = &kernel->disks[i];

		if (disk->there)
			continue;
		memset(disk, 0, sizeof(*disk));
		disk->there = true;
		disk->number = FIRST_NUMBER + i;
		return disk;
	}
	TH_ASSERT(false);
	return NULL;
}

struct fake_disk *fake_leave_behind(struct fake_kernel *kernel, uint64_t identity, uint32_t depth,
				    uint64_t sectors, uint32_t attributes)
{
	struct fake_disk *disk = new_disk(kernel);

	disk->info = (struct ublksrv_ctrl_dev_info){
		.nr_hw_queues = 1,
		.queue_depth = (uint16_t)depth,
		.state = UBLK_S_DEV_QUIESCED,
		.max_io_buf_bytes = TH_UBLK_TRANSFER_BYTES,
		.dev_id = disk->number,
		.ublksrv_pid = 4711,
		.flags = UBLK_F_USER_RECOVERY | UBLK_F_USER_RECOVERY_REISSUE,
		.ublksrv_flags = identity,
	};
	disk->params = (struct ublk_params){
		.len = sizeof(disk->params),
		.types = UBLK_PARAM_TYPE_BASIC | UBLK_PARAM_TYPE_DISCARD,
		.basic = {
			.attrs = attributes,
			.logical_bs_shift = 9,
			.physical_bs_shift = 12,
			.max_sectors = TH_UBLK_TRANSFER_BYTES / 512,
			.dev_sectors = sectors,
		},
	};
	return disk;
}

/* ---- requests ---- */

struct fake_request *fake_submit(struct fake_kernel *kernel, uint32_t number, uint32_t op_flags,
				 uint64_t sector, uint32_t sectors, void *data)
{
	struct fake_request *request = &kernel->requests[kernel->request_count++];
	struct fake_disk *disk = fake_disk(kernel, number);

	TH_ASSERT(kernel->request_count <= FAKE_REQUESTS_MAX && disk);
	*request = (struct fake_request){ .number = number,
					  .op_flags = op_flags,
					  .sector = sector,
					  .sectors = sectors,
					  .data = data };
	if (disk->server)
		th_executor_post(kernel->executor, &disk->server->work);
	return request;
}

static bool writes(const struct fake_request *request)
{
	return (request->op_flags & 0xff) == UBLK_IO_OP_WRITE;
}

static bool reads(const struct fake_request *request)
{
	return (request->op_flags & 0xff) == UBLK_IO_OP_READ;
}

static struct fake_request *next_request(struct fake_kernel *kernel, uint32_t number)
{
	for (uint32_t i = 0; i < kernel->request_count; i++) {
		struct fake_request *request = &kernel->requests[i];

		if (!request->begun && !request->done && request->number == number)
			return request;
	}
	return NULL;
}

static void hand_over(struct th_ublk_line *line, uint32_t tag, struct fake_request *request)
{
	struct fake_disk *disk = line->disk;
	struct fake_tag *slot = &disk->tags[tag];

	slot->state = FAKE_TAG_BUSY;
	slot->request = request;
	request->begun = true;
	disk->descriptors[tag] = (struct ublksrv_io_desc){
		.op_flags = request->op_flags,
		.nr_sectors = request->sectors,
		.start_sector = request->sector,
		.addr = slot->address,
	};
	if (writes(request))
		memcpy((void *)(uintptr_t)slot->address, request->data, request->sectors * 512u);
	line->events->arrived(line->context, tag, UBLK_IO_RES_OK);
}

static void hand_over_all(struct th_ublk_line *line)
{
	struct fake_disk *disk = line->disk;

	for (uint32_t tag = 0; disk->info.state == UBLK_S_DEV_LIVE && tag < line->depth; tag++) {
		struct fake_request *request = next_request(line->kernel, disk->number);

		if (request && disk->tags[tag].state == FAKE_TAG_FETCHING)
			hand_over(line, tag, request);
	}
}

static void end_request(struct fake_request *request, int result, uint64_t address)
{
	request->done = true;
	request->result = result;
	if (reads(request) && result > 0)
		memcpy(request->data, (void *)(uintptr_t)address, (size_t)result);
}

static void fake_transfer(struct th_ublk_line *line, uint32_t operation,
			  const struct ublksrv_io_cmd *command)
{
	struct fake_tag *slot = &line->disk->tags[command->tag];

	TH_ASSERT(command->q_id == 0 && command->tag < line->depth && command->addr);
	if (operation == UBLK_U_IO_FETCH_REQ) {
		TH_ASSERT(slot->state == FAKE_TAG_IDLE);
		line->fetch_refused = line->kernel->fetch_failure != 0;
	} else {
		TH_ASSERT(operation == UBLK_U_IO_COMMIT_AND_FETCH_REQ &&
			  slot->state == FAKE_TAG_BUSY);
		end_request(slot->request, command->result, slot->address);
	}
	slot->state = FAKE_TAG_FETCHING;
	slot->request = NULL;
	slot->address = command->addr;
	th_executor_post(line->kernel->executor, &line->work);
}

static bool all_fetch(const struct th_ublk_line *line)
{
	for (uint32_t tag = 0; tag < line->depth; tag++) {
		if (line->disk->tags[tag].state != FAKE_TAG_FETCHING)
			return false;
	}
	return true;
}

/* ---- commands ---- */

static void fail_requests(struct fake_kernel *kernel, uint32_t number)
{
	struct fake_request *request;

	while ((request = next_request(kernel, number)) != NULL) {
		request->begun = true;
		end_request(request, -EIO, 0);
	}
}

static void forget_if_unused(struct fake_disk *disk)
{
	if (disk->deleted && !disk->server)
		disk->there = false;
}

static int add_disk(struct th_ublk_line *line)
{
	struct ublksrv_ctrl_dev_info *info = (void *)(uintptr_t)line->command.addr;
	struct fake_disk *disk = new_disk(line->kernel);

	TH_ASSERT(line->command.len == sizeof(*info) && info->dev_id == line->command.dev_id);
	info->dev_id = disk->number;
	info->state = UBLK_S_DEV_DEAD;
	disk->info = *info;
	return 0;
}

/* 1: later, when requests have ended. */
static int stop_disk(struct th_ublk_line *line, struct fake_disk *disk)
{
	if (disk->info.state == UBLK_S_DEV_LIVE && !all_fetch(line))
		return 1;
	disk->info.state = UBLK_S_DEV_DEAD;
	fail_requests(line->kernel, disk->number);
	line->aborting = line->disk == disk;
	return 0;
}

static int go_live(struct th_ublk_line *line, struct fake_disk *disk, uint16_t from)
{
	TH_ASSERT(disk == line->disk && disk->info.state == from && line->command.data[0]);
	if (!all_fetch(line))
		return 1;
	disk->info.state = UBLK_S_DEV_LIVE;
	/* Requests may wait. */
	th_executor_post(line->kernel->executor, &line->work);
	return 0;
}

static int copy_params(struct th_ublk_line *line, struct fake_disk *disk, bool set)
{
	struct ublk_params *params = (void *)(uintptr_t)line->command.addr;

	TH_ASSERT(line->command.len == sizeof(*params) && params->len == sizeof(*params));
	if (set)
		disk->params = *params;
	else
		*params = disk->params;
	return 0;
}

static int carry_out(struct th_ublk_line *line)
{
	struct fake_kernel *kernel = line->kernel;
	struct fake_disk *disk = fake_disk(kernel, line->command.dev_id);

	TH_ASSERT(line->command.queue_id == UINT16_MAX);
	if (line->operation == kernel->failing)
		return kernel->failure;
	if (line->operation == UBLK_U_CMD_GET_FEATURES) {
		memcpy((void *)(uintptr_t)line->command.addr, &kernel->features, 8);
		return 0;
	}
	if (line->operation == UBLK_U_CMD_ADD_DEV)
		return add_disk(line);
	if (!disk)
		return -ENODEV;
	switch (line->operation) {
	case UBLK_U_CMD_GET_DEV_INFO:
		memcpy((void *)(uintptr_t)line->command.addr, &disk->info, sizeof(disk->info));
		return 0;
	case UBLK_U_CMD_SET_PARAMS:
		return copy_params(line, disk, true);
	case UBLK_U_CMD_GET_PARAMS:
		return copy_params(line, disk, false);
	case UBLK_U_CMD_START_DEV:
		return go_live(line, disk, UBLK_S_DEV_DEAD);
	case UBLK_U_CMD_START_USER_RECOVERY:
		if (disk->info.state == UBLK_S_DEV_LIVE || kernel->busy_count) {
			kernel->busy_count -= kernel->busy_count > 0;
			return -EBUSY;
		}
		return 0;
	case UBLK_U_CMD_END_USER_RECOVERY:
		return go_live(line, disk, UBLK_S_DEV_QUIESCED);
	case UBLK_U_CMD_STOP_DEV:
		return stop_disk(line, disk);
	case UBLK_U_CMD_DEL_DEV:
	case UBLK_U_CMD_DEL_DEV_ASYNC:
		TH_ASSERT(disk->info.state == UBLK_S_DEV_DEAD);
		disk->deleted = true;
		forget_if_unused(disk);
		return 0;
	case UBLK_U_CMD_UPDATE_SIZE:
		disk->params.basic.dev_sectors = line->command.data[0];
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static void tell_of_abort(struct th_ublk_line *line)
{
	line->aborting = false;
	for (uint32_t tag = 0; tag < line->depth; tag++) {
		line->disk->tags[tag].state = FAKE_TAG_IDLE;
		line->events->arrived(line->context, tag, UBLK_IO_RES_ABORT);
	}
}

static void refuse_fetch(struct th_ublk_line *line)
{
	line->fetch_refused = false;
	line->events->arrived(line->context, 0, line->kernel->fetch_failure);
}

static void run(struct th_work *work)
{
	struct th_ublk_line *line = th_container_of(work, struct th_ublk_line, work);
	int result;

	if (line->disk && line->fetch_refused) {
		refuse_fetch(line);
		return;
	}
	if (line->disk)
		hand_over_all(line);
	if (!line->asked)
		return;
	result = line->syncing ? 0 : carry_out(line);
	if (result > 0)
		return;
	line->asked = false;
	line->syncing = false;
	if (line->aborting)
		tell_of_abort(line);
	line->events->answered(line->context, result);
}

static void fake_command(struct th_ublk_line *line, uint32_t operation,
			 const struct ublksrv_ctrl_cmd *command)
{
	TH_ASSERT(!line->asked);
	line->asked = true;
	line->operation = operation;
	line->command = *command;
	th_executor_post(line->kernel->executor, &line->work);
}

static void fake_sync(struct th_ublk_line *line, uint32_t number)
{
	TH_ASSERT(!line->asked && fake_disk(line->kernel, number));
	line->kernel->sync_count++;
	line->asked = true;
	line->syncing = true;
	th_executor_post(line->kernel->executor, &line->work);
}

/* ---- lines ---- */

static int fake_open(const struct th_ublk_kernel *ops, struct th_user_loop *loop, uint32_t depth,
		     const struct th_ublk_events *events, void *context,
		     struct th_ublk_line **result, struct th_error *error)
{
	struct fake_kernel *kernel = kernel_of(ops);
	struct th_ublk_line *line;

	(void)loop;
	TH_ASSERT(depth <= FAKE_DEPTH_MAX);
	if (kernel->open_error.code)
		return th_error_set(error, kernel->open_error.code, "%s", kernel->open_error.text);
	line = th_alloc(sizeof(*line));
	TH_ASSERT(line);
	line->kernel = kernel;
	line->depth = depth;
	line->events = events;
	line->context = context;
	th_work_init(&line->work, run);
	kernel->line_count++;
	*result = line;
	return 0;
}

static void fake_unmap(struct th_ublk_line *line)
{
	struct fake_disk *disk = line->disk;

	line->disk = NULL;
	if (!disk)
		return;
	disk->server = NULL;
	memset(disk->tags, 0, sizeof(disk->tags));
	if (disk->info.state == UBLK_S_DEV_LIVE)
		disk->info.state = UBLK_S_DEV_QUIESCED;
	forget_if_unused(disk);
}

static void fake_close(struct th_ublk_line *line)
{
	th_list_remove(&line->work.link);
	fake_unmap(line);
	line->kernel->line_count--;
	th_free(line);
}

static uint32_t fake_list(const struct th_ublk_kernel *ops, uint32_t *numbers)
{
	const struct fake_kernel *kernel = kernel_of(ops);
	uint32_t count = 0;

	for (uint32_t i = 0; i < FAKE_DISKS_MAX; i++) {
		if (kernel->disks[i].there)
			numbers[count++] = kernel->disks[i].number;
	}
	return count;
}

static uint32_t fake_users(const struct th_ublk_kernel *ops, uint32_t number)
{
	struct fake_kernel *kernel = kernel_of(ops);

	TH_ASSERT(fake_disk(kernel, number));
	return kernel->users;
}

static int fake_map(struct th_ublk_line *line, uint32_t number,
		    const struct ublksrv_io_desc **descriptors, struct th_error *error)
{
	struct fake_disk *disk = fake_disk(line->kernel, number);

	if (line->kernel->map_error.code)
		return th_error_set(error, line->kernel->map_error.code, "%s",
				    line->kernel->map_error.text);
	TH_ASSERT(disk && !disk->server && !line->disk);
	disk->server = line;
	line->disk = disk;
	*descriptors = disk->descriptors;
	return 0;
}

void fake_kernel_init(struct fake_kernel *kernel, struct th_executor *executor)
{
	memset(kernel, 0, sizeof(*kernel));
	kernel->executor = executor;
	kernel->ops = (struct th_ublk_kernel){
		.open = fake_open,
		.close = fake_close,
		.list = fake_list,
		.users = fake_users,
		.command = fake_command,
		.sync = fake_sync,
		.map = fake_map,
		.unmap = fake_unmap,
		.transfer = fake_transfer,
	};
}
