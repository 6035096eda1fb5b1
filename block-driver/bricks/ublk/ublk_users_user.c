// SPDX-License-Identifier: GPL-2.0
#include "ublk_users.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEVICES_MAX 64u /* the disk and its partitions */

/* Numbers as mountinfo has them: "259:1". */
struct devices {
	uint32_t count;
	char numbers[DEVICES_MAX][24];
};

static void add_device(struct devices *devices, const char *directory)
{
	char path[PATH_MAX];
	FILE *file;

	if (devices->count == DEVICES_MAX)
		return;
	th_snprintf(path, sizeof(path), "%s/dev", directory);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fscanf(file, "%23s", devices->numbers[devices->count]) == 1)
		devices->count++;
	fclose(file);
}

static uint32_t count_holders(const char *directory)
{
	char path[PATH_MAX];
	uint32_t count = 0;
	struct dirent *entry;
	DIR *holders;

	th_snprintf(path, sizeof(path), "%s/holders", directory);
	holders = opendir(path);
	while (holders && (entry = readdir(holders)) != NULL)
		count += entry->d_name[0] != '.';
	if (holders)
		closedir(holders);
	return count;
}

/* The disk and its partitions; returns how many devices stand on them. */
static uint32_t look_at_disk(struct devices *devices, const char *sysfs, uint32_t number)
{
	char disk[PATH_MAX / 2], part[PATH_MAX], name[24];
	struct dirent *entry;
	uint32_t holders;
	DIR *directory;

	th_snprintf(name, sizeof(name), "ublkb%u", number);
	th_snprintf(disk, sizeof(disk), "%s/block/%s", sysfs, name);
	add_device(devices, disk);
	holders = count_holders(disk);
	directory = opendir(disk);
	while (directory && (entry = readdir(directory)) != NULL) {
		if (strncmp(entry->d_name, name, strlen(name)) != 0)
			continue;
		th_snprintf(part, sizeof(part), "%s/%s", disk, entry->d_name);
		add_device(devices, part);
		holders += count_holders(part);
	}
	if (directory)
		closedir(directory);
	return holders;
}

static bool is_mount(const char *line, const struct devices *devices)
{
	char number[24];

	if (sscanf(line, "%*s %*s %23s", number) != 1)
		return false;
	for (uint32_t i = 0; i < devices->count; i++) {
		if (strcmp(devices->numbers[i], number) == 0)
			return true;
	}
	return false;
}

static bool is_swap(const char *line, uint32_t number)
{
	char device[32];
	size_t bytes;

	th_snprintf(device, sizeof(device), "/dev/ublkb%u", number);
	bytes = strlen(device);
	return strncmp(line, device, bytes) == 0 && (line[bytes] == ' ' || line[bytes] == 'p');
}

static uint32_t count_lines(const char *proc, const char *name, const struct devices *devices,
			    uint32_t number)
{
	char path[PATH_MAX], *line = NULL;
	uint32_t count = 0;
	size_t room = 0;
	FILE *file;

	th_snprintf(path, sizeof(path), "%s/%s", proc, name);
	file = fopen(path, "re");
	while (file && getline(&line, &room, file) > 0)
		count += is_mount(line, devices) || is_swap(line, number);
	free(line);
	if (file)
		fclose(file);
	return count;
}

uint32_t th_ublk_count_users(const char *proc, const char *sysfs, uint32_t number)
{
	struct devices devices = { 0 };
	uint32_t count = look_at_disk(&devices, sysfs, number);

	count += count_lines(proc, "self/mountinfo", &devices, number);
	return count + count_lines(proc, "swaps", &devices, number);
}
