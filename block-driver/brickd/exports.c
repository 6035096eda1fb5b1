// SPDX-License-Identifier: GPL-2.0
#include "exports.h"

#include "export_brick.h"
#include "host.h"
#include "ublk.h"

/* Where udev has the links to the kernel driver's disks. */
#define LINK_DIRECTORY	 "/dev/tharsis"
#define UBLK_DEPTH	 128u
#define UBLK_PATIENCE_NS (10 * TH_NS_PER_S)

static const struct th_host *host_of(const struct th_control_host *control)
{
	return th_container_of(control, const struct th_host, control);
}

/* ---- NBD ---- */

static int export_by_nbd(const struct th_host *host, const char *name, bool read_only,
			 struct th_output *device, struct th_error *error)
{
	const struct th_nbd_export export = {
		.name = name,
		.device = device,
		.read_only = read_only,
		.fast_zero = true, /* zeroes are a record without payload */
	};

	if (!host->nbd)
		return th_error_set(error, -EOPNOTSUPP,
				    "brickd has no place for NBD clients: start it with --nbd-unix "
				    "PATH or --nbd-tcp HOST:PORT, or with --ublk");
	return th_nbd_export(host->nbd, &export, error);
}

static void ended_by_nbd(struct th_brick *nbd, void *context)
{
	(void)nbd;
	th_ladder_stepped(context, 0);
}

static uint32_t nbd_clients(const struct th_host *host, const char *name)
{
	struct th_nbd_export_status status;

	for (uint32_t i = 0; i < TH_NBD_OFFERS_MAX; i++) {
		if (th_nbd_export_status(host->nbd, i, &status) && strcmp(status.name, name) == 0)
			return status.clients;
	}
	return 0;
}

/* ---- ublk: a brick for each export ---- */

static struct th_brick *find_disk(const struct th_host *host, const char *name)
{
	return th_export_brick_find(&host->control, &th_ublk_type, name);
}

static uint32_t hash(uint64_t seed, const void *data, size_t bytes)
{
	return (uint32_t)th_xxh64(seed, data, bytes);
}

static int export_by_ublk(const struct th_host *host, const char *name, bool read_only,
			  struct th_output *device, struct th_ladder *ladder)
{
	struct th_ublk_config config = {
		.kernel = &th_ublk_linux,
		.loop = host->loop,
		.name = name,
		.link_directory = LINK_DIRECTORY,
		.place_id = hash(host->instance, name, strlen(name)),
		.read_only = read_only,
		.queue_depth = UBLK_DEPTH,
		.patience_ns = UBLK_PATIENCE_NS,
	};
	struct th_engine_status status;

	if (!host->ublk)
		return th_error_set(&ladder->error, -EOPNOTSUPP,
				    "brickd was not started with --ublk, so it makes no disks");
	th_engine_status(device->brick, &status);
	config.content_id = hash(0, &status.resource_uuid, sizeof(status.resource_uuid));
	return th_export_brick_show(&host->control, &th_ublk_type, name, &config, device, ladder);
}

/* ---- both ---- */

static int export_device(const struct th_control_host *control, const char *name,
			 enum th_export_kind kind, bool read_only, struct th_output *device,
			 struct th_ladder *ladder)
{
	const struct th_host *host = host_of(control);

	if (kind == TH_EXPORT_UBLK || (kind == TH_EXPORT_USUAL && !host->nbd && host->ublk))
		return export_by_ublk(host, name, read_only, device, ladder);
	return export_by_nbd(host, name, read_only, device, &ladder->error);
}

static int unexport_device(const struct th_control_host *control, const char *name,
			   struct th_ladder *ladder)
{
	const struct th_host *host = host_of(control);
	struct th_brick *disk = find_disk(host, name);
	int code;

	if (disk)
		return th_export_brick_hide(disk, ladder);
	code = th_nbd_unexport(host->nbd, name, ended_by_nbd, ladder, &ladder->error);
	return code ? code : TH_LADDER_LATER;
}

static uint32_t export_clients(const struct th_control_host *control, const char *name)
{
	const struct th_host *host = host_of(control);
	struct th_brick *disk = find_disk(host, name);

	if (disk)
		return th_ublk_users(disk);
	return host->nbd ? nbd_clients(host, name) : 0;
}

static void export_place(const struct th_control_host *control, const char *name,
			 char place[TH_EXPORT_PLACE_MAX])
{
	const struct th_brick *disk = find_disk(host_of(control), name);

	place[0] = 0;
	if (disk)
		th_ublk_place(disk, place);
}

void th_exports_init(struct th_control_host *control)
{
	control->export_device = export_device;
	control->unexport_device = unexport_device;
	control->export_clients = export_clients;
	control->export_place = export_place;
}
