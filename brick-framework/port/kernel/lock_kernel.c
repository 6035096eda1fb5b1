// SPDX-License-Identifier: GPL-2.0
#include <tharsis/port.h>

void th_lock_init(struct th_lock *lock)
{
	spin_lock_init(&lock->lock);
}

void th_lock(struct th_lock *lock) __acquires(&lock->lock)
{
	unsigned long flags;

	spin_lock_irqsave(&lock->lock, flags);
	lock->flags = flags;
}

void th_unlock(struct th_lock *lock) __releases(&lock->lock)
{
	unsigned long flags = lock->flags;

	spin_unlock_irqrestore(&lock->lock, flags);
}
