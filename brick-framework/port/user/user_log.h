/* SPDX-License-Identifier: GPL-2.0 */
/* For hosts in user space: how much th_log() says. Not part of the porting layer. */
#ifndef THARSIS_USER_LOG_H
#define THARSIS_USER_LOG_H

#include <tharsis/port.h>

/* Lines above @level are dropped; TH_LOG_INFO unless told. Any thread. */
void th_user_log_limit(enum th_log_level level);

#endif
