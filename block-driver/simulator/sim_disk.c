// SPDX-License-Identifier: GPL-2.0
#include "sim_disk.h"

void th_sim_disk_init(struct th_sim_disk *disk, struct th_sim_environment *environment,
		      uint64_t bytes, uint32_t block_bytes, bool is_volatile)
{
	*disk = (struct th_sim_disk){ .environment = environment, .block_bytes = block_bytes };
	th_sim_media_init(&disk->media, bytes, is_volatile);
}

void th_sim_disk_destroy(struct th_sim_disk *disk)
{
	th_sim_media_destroy(&disk->media);
}

void th_sim_disk_crash(struct th_sim_disk *disk, struct th_sim_loss *loss)
{
	th_sim_media_crash(&disk->media, loss);
}

void th_sim_disk_clone(struct th_sim_disk *copy, const struct th_sim_disk *disk)
{
	*copy = *disk;
	th_sim_media_clone(&copy->media, &disk->media);
}
