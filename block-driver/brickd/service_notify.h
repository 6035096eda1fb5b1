/* SPDX-License-Identifier: GPL-2.0 */
/* Tells the service manager how it stands: sd_notify(3)'s protocol, without its library. */
#ifndef THARSIS_SERVICE_NOTIFY_H
#define THARSIS_SERVICE_NOTIFY_H

/* @state: lines such as "READY=1". Does nothing when no service manager asked for it. */
void th_service_notify(const char *state);

#endif
