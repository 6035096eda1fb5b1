/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixed list of error codes of docs/control-channel.md, and which errno means which.
 */
#ifndef THARSIS_ERROR_CODE_H
#define THARSIS_ERROR_CODE_H

#include <tharsis/port.h>

enum th_error_code {
	TH_CODE_USAGE,
	TH_CODE_INVALID,
	TH_CODE_EXISTS,
	TH_CODE_ABSENT,
	TH_CODE_BUSY,
	TH_CODE_STALE_EPOCH,
	TH_CODE_NOT_CONSISTENT,
	TH_CODE_CORRUPT,
	TH_CODE_FOREIGN,
	TH_CODE_NO_SPACE,
	TH_CODE_NO_MEMORY,
	TH_CODE_READ_ONLY,
	TH_CODE_DENIED,
	TH_CODE_IO,
	TH_CODE_UNSUPPORTED,
	TH_CODE_STOPPED,
	TH_CODE_COUNT
};

const char *th_error_code_name(enum th_error_code code);

/*
 * @error: a negative errno. @recovering: it comes from a command that reads a log directory for the first time,
 * where "structure needs cleaning" means damage; from others it means a replica that is not consistent.
 */
enum th_error_code th_error_code_of(int error, bool recovering);

#endif
