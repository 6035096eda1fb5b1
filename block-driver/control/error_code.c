// SPDX-License-Identifier: GPL-2.0
#include "error_code.h"

static const char *const names[TH_CODE_COUNT] = {
	[TH_CODE_USAGE] = "usage",
	[TH_CODE_INVALID] = "invalid",
	[TH_CODE_EXISTS] = "exists",
	[TH_CODE_ABSENT] = "absent",
	[TH_CODE_BUSY] = "busy",
	[TH_CODE_STALE_EPOCH] = "stale-epoch",
	[TH_CODE_NOT_CONSISTENT] = "not-consistent",
	[TH_CODE_CORRUPT] = "corrupt",
	[TH_CODE_FOREIGN] = "foreign",
	[TH_CODE_NO_SPACE] = "no-space",
	[TH_CODE_NO_MEMORY] = "no-memory",
	[TH_CODE_READ_ONLY] = "read-only",
	[TH_CODE_DENIED] = "denied",
	[TH_CODE_IO] = "io",
	[TH_CODE_UNSUPPORTED] = "unsupported",
	[TH_CODE_STOPPED] = "stopped",
};

const char *th_error_code_name(enum th_error_code code)
{
	TH_ASSERT(code < TH_CODE_COUNT);
	return names[code];
}

enum th_error_code th_error_code_of(int error, bool recovering)
{
	switch (-error) {
	case EINVAL:
	case ERANGE:
	case EDOM:
		return TH_CODE_INVALID;
	case EEXIST:
	case EISCONN:
	case EADDRINUSE:
		return TH_CODE_EXISTS;
	case ENOENT:
	case ENXIO:
	case ENODEV:
	case ENODATA:
	case ENOTCONN:
	case ENOTDIR:
		return TH_CODE_ABSENT;
	case EBUSY:
	case EAGAIN:
	case ETXTBSY:
		return TH_CODE_BUSY;
	case ESTALE:
		return TH_CODE_STALE_EPOCH;
	case EUCLEAN:
		return recovering ? TH_CODE_CORRUPT : TH_CODE_NOT_CONSISTENT;
	case EBADMSG:
	case EILSEQ:
		return TH_CODE_CORRUPT;
	case EXDEV:
		return TH_CODE_FOREIGN;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return TH_CODE_NO_SPACE;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case E2BIG:
		return TH_CODE_NO_MEMORY;
	case EROFS:
		return TH_CODE_READ_ONLY;
	case EACCES:
	case EPERM:
		return TH_CODE_DENIED;
	case EOPNOTSUPP:
	case ENOSYS:
		return TH_CODE_UNSUPPORTED;
	case ESHUTDOWN:
	case ECANCELED:
		return TH_CODE_STOPPED;
	default:
		return TH_CODE_IO;
	}
}
