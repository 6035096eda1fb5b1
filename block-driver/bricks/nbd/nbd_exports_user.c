// SPDX-License-Identifier: GPL-2.0
/* Exports come and go while the server serves. */
#include "nbd_server.h"

static struct th_nbd_door *find_door(struct th_nbd_server *server, const char *name)
{
	uint32_t i;

	for (i = 0; i < TH_NBD_OFFERS_MAX; i++) {
		if (server->doors[i].pool && strcmp(server->doors[i].name, name) == 0)
			return &server->doors[i];
	}
	return NULL;
}

static struct th_nbd_door *find_free_door(struct th_nbd_server *server)
{
	uint32_t i;

	for (i = 0; i < TH_NBD_OFFERS_MAX; i++) {
		if (!server->doors[i].pool && !server->doors[i].input->output)
			return &server->doors[i];
	}
	return NULL;
}

bool th_nbd_offer(void *context, uint32_t index, struct th_nbd_offer *offer)
{
	struct th_nbd_server *server = context;
	struct th_nbd_door *door = &server->doors[index];
	struct th_block_info info = { 0 };

	if (!door->pool)
		return false;
	memcpy(offer->name, door->name, sizeof(offer->name));
	memcpy(offer->description, door->description, sizeof(offer->description));
	offer->serial = door->serial;
	offer->error = 0;
	if (door->leaving || server->brick.power != TH_ON)
		offer->error = -ESHUTDOWN;
	else if (!th_input_info(door->input, &info))
		offer->error = -ENXIO;
	offer->block_bytes = TH_MAX(info.block_bytes, 1u);
	offer->size_bytes = th_align_down(info.size_bytes, offer->block_bytes);
	offer->read_only = door->read_only || info.read_only;
	offer->rotational = info.rotational;
	offer->fast_zero = door->fast_zero;
	TH_ASSERT(offer->block_bytes <= TH_NBD_BLOCK_BYTES_MAX &&
		  th_is_aligned(TH_NBD_PIECE_SMALL_BYTES, TH_MAX(info.memory_align_bytes, 1u)));
	return true;
}

static int check(struct th_nbd_server *server, const struct th_nbd_export *export,
		 struct th_error *error)
{
	size_t name_bytes = strlen(export->name);

	if (name_bytes == 0 || name_bytes > TH_NBD_NAME_MAX)
		return th_error_set(error, -EINVAL,
				    "the name of an export has 1 to %u bytes, not %zu",
				    TH_NBD_NAME_MAX, name_bytes);
	if (export->description && strlen(export->description) > TH_NBD_DESCRIPTION_MAX)
		return th_error_set(error, -EINVAL,
				    "the description of an export has at most %u bytes",
				    TH_NBD_DESCRIPTION_MAX);
	if (find_door(server, export->name))
		return th_error_set(error, -EEXIST, "%s exports %s already", server->brick.name,
				    export->name);
	return 0;
}

static void drop_pool(struct th_input *input, void *context)
{
	struct th_nbd_door *door = context;

	(void)input;
	if (door->pool)
		th_request_pool_destroy(door->pool);
	door->pool = NULL;
	if (door->removed)
		door->removed(&door->server->brick, door->removed_context);
}

static void fill_door(struct th_nbd_door *door, const struct th_nbd_export *export)
{
	const char *description = export->description ? export->description : "";

	door->serial = ++door->server->next_serial;
	door->leaving = false;
	door->read_only = export->read_only;
	door->fast_zero = export->fast_zero;
	door->removed = NULL;
	th_snprintf(door->name, sizeof(door->name), "%s", export->name);
	th_snprintf(door->description, sizeof(door->description), "%s", description);
}

int th_nbd_export(struct th_brick *nbd, const struct th_nbd_export *export, struct th_error *error)
{
	struct th_nbd_server *server = th_nbd_server_of(nbd);
	struct th_nbd_door *door;
	int code;

	code = check(server, export, error);
	if (code)
		return code;
	door = find_free_door(server);
	if (!door)
		return th_error_set(error, -ENOSPC, "%s has %u exports, which is the limit",
				    nbd->name, TH_NBD_OFFERS_MAX);
	code = th_connect(door->input, export->device);
	if (code)
		return th_error_set(error, code,
				    "%s cannot be connected with the device for %s: %s", nbd->name,
				    export->name, strerror(-code));
	fill_door(door, export);
	code = th_request_pool_create(door->input, server->requests_max, &door->pool);
	if (code) {
		th_disconnect(door->input, NULL, NULL);
		return th_error_set(error, code, "no memory for the requests of export %s",
				    export->name);
	}
	return 0;
}

static void disconnect(struct th_nbd_door *door)
{
	TH_ASSERT(th_disconnect(door->input, drop_pool, door) == 0);
}

int th_nbd_unexport(struct th_brick *nbd, const char *name,
		    void (*done)(struct th_brick *nbd, void *context), void *context,
		    struct th_error *error)
{
	struct th_nbd_server *server = th_nbd_server_of(nbd);
	struct th_nbd_door *door = find_door(server, name);
	struct th_list *link;

	if (!door)
		return th_error_set(error, -ENOENT, "%s has no export named %s", nbd->name, name);
	if (door->leaving)
		return th_error_set(error, -EALREADY, "export %s is being removed already", name);
	door->leaving = true;
	door->removed = done;
	door->removed_context = context;
	th_list_for_each(link, &server->clients) {
		struct th_nbd_client *client = th_list_entry(link, struct th_nbd_client, link);

		if (client->door == door)
			th_nbd_client_leave(client);
	}
	if (door->clients == 0)
		disconnect(door);
	return 0;
}

void th_nbd_door_left(struct th_nbd_door *door)
{
	door->clients--;
	if (door->leaving && door->clients == 0)
		disconnect(door);
}

bool th_nbd_export_status(const struct th_brick *nbd, uint32_t index,
			  struct th_nbd_export_status *status)
{
	const struct th_nbd_door *door = &th_nbd_server_of(nbd)->doors[index];

	TH_ASSERT(index < TH_NBD_OFFERS_MAX);
	if (!door->pool)
		return false;
	memcpy(status->name, door->name, sizeof(status->name));
	status->read_only = door->read_only;
	status->leaving = door->leaving;
	status->clients = door->clients;
	return true;
}
