// SPDX-License-Identifier: GPL-2.0
#include "test_host.h"

static struct test_host *host_of(struct th_executor *executor)
{
	return th_container_of(executor, struct test_host, executor);
}

static uint64_t host_now_ns(struct th_executor *executor)
{
	return host_of(executor)->now_ns;
}

static uint64_t host_wall_ns(struct th_executor *executor)
{
	return 1700000000 * TH_NS_PER_S + host_of(executor)->now_ns;
}

static void host_wake(struct th_executor *executor)
{
	host_of(executor)->wakes++;
}

static const struct th_executor_ops host_ops = {
	.now_ns = host_now_ns,
	.wall_ns = host_wall_ns,
	.wake = host_wake,
};

void test_host_init(struct test_host *host)
{
	host->now_ns = 1;
	host->wakes = 0;
	th_executor_init(&host->executor, &host_ops);
}

void test_host_settle(struct test_host *host)
{
	while (th_executor_round(&host->executor) ||
	       th_executor_next_deadline_ns(&host->executor) <= host->now_ns)
		;
}

void test_host_finish(struct test_host *host)
{
	test_host_settle(host);
	while (th_executor_next_deadline_ns(&host->executor) != UINT64_MAX) {
		host->now_ns = th_executor_next_deadline_ns(&host->executor);
		test_host_settle(host);
	}
}

void test_host_pass(struct test_host *host, uint64_t ns)
{
	const uint64_t end_ns = host->now_ns + ns;

	test_host_settle(host);
	while (th_executor_next_deadline_ns(&host->executor) <= end_ns) {
		host->now_ns = th_executor_next_deadline_ns(&host->executor);
		test_host_settle(host);
	}
	host->now_ns = end_ns;
}
