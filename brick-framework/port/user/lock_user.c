// SPDX-License-Identifier: GPL-2.0
#include <tharsis/port.h>

void th_lock_init(struct th_lock *lock)
{
	TH_ASSERT(pthread_mutex_init(&lock->mutex, NULL) == 0);
}

void th_lock(struct th_lock *lock)
{
	TH_ASSERT(pthread_mutex_lock(&lock->mutex) == 0);
}

void th_unlock(struct th_lock *lock)
{
	TH_ASSERT(pthread_mutex_unlock(&lock->mutex) == 0);
}
