// SPDX-License-Identifier: GPL-2.0
#include "world.h"

#include "failure.h"

/* So many rounds without time going on: the code under test runs in circles. */
#define ROUNDS_AT_ONCE_MAX 10000u
#define WALL_START_NS	   (1800000000ULL * TH_NS_PER_S)

static struct th_world *running;

static uint64_t running_now_ns(void)
{
	return running->now_ns;
}

static struct th_world *world_of(struct th_executor *executor)
{
	return th_container_of(executor, struct th_actor, executor)->world;
}

static uint64_t now_ns(struct th_executor *executor)
{
	return world_of(executor)->now_ns;
}

static uint64_t wall_ns(struct th_executor *executor)
{
	struct th_world *world = world_of(executor);

	return WALL_START_NS + world->now_ns + (uint64_t)world->wall_offset_ns;
}

static void wake(struct th_executor *executor)
{
	(void)executor;
	th_fail("an executor was woken from another thread: there is none");
}

static const struct th_executor_ops ops = {
	.now_ns = now_ns,
	.wall_ns = wall_ns,
	.wake = wake,
};

static void on_misuse(void *context, const char *text) __attribute__((noreturn));
static void on_misuse(void *context, const char *text)
{
	(void)context;
	th_fail("misuse of storage: %s", text);
}

static void on_note(void *context, const char *text)
{
	(void)context;
	th_trace("  storage %s", text);
}

void th_world_enter(struct th_world *world)
{
	running = world;
}

void th_world_init(struct th_world *world, uint64_t seed)
{
	*world = (struct th_world){ .now_ns = 1,
				    .environment = { .misuse = on_misuse },
				    .stop_event = UINT64_MAX };
	th_sim_random_init(&world->environment.random, seed);
	th_list_init(&world->actors);
	if (th_run.trace)
		world->environment.note = on_note;
	th_world_enter(world);
	th_run.now_ns = running_now_ns;
}

void th_world_jump_wall(struct th_world *world, int64_t by_ns)
{
	world->wall_offset_ns += by_ns;
}

void th_actor_init(struct th_actor *actor, struct th_world *world, bool owns_heap)
{
	*actor = (struct th_actor){ .world = world, .owns_heap = owns_heap };
	th_executor_init(&actor->executor, &ops);
	th_list_push_back(&world->actors, &actor->link);
}

void th_actor_kill(struct th_actor *actor)
{
	th_list_remove(&actor->link);
	th_heap_destroy(&actor->heap);
}

static bool is_stopping(const struct th_world *world)
{
	return world->environment.events >= world->stop_event;
}

/* False: it had nothing to do. */
static bool run_actor(struct th_actor *actor)
{
	struct th_world *world = actor->world;
	struct th_heap *before;
	uint32_t rounds = 0;

	if (th_list_empty(&actor->executor.ready) &&
	    th_executor_next_deadline_ns(&actor->executor) > world->now_ns)
		return false;
	before = th_actor_enter(actor);
	while ((th_executor_round(&actor->executor) ||
		th_executor_next_deadline_ns(&actor->executor) <= world->now_ns) &&
	       !is_stopping(world)) {
		if (++rounds > ROUNDS_AT_ONCE_MAX)
			th_fail("more than %u rounds at one moment: the code runs in circles",
				ROUNDS_AT_ONCE_MAX);
	}
	th_actor_leave(before);
	return true;
}

/* When something has to happen next; one actor may have given work to another that had its turn before. */
static uint64_t next_deadline_ns(const struct th_world *world)
{
	uint64_t next_ns = UINT64_MAX;
	const struct th_list *link;

	th_list_for_each(link, &world->actors) {
		const struct th_actor *actor = th_list_entry(link, struct th_actor, link);

		if (!th_list_empty(&actor->executor.ready))
			return world->now_ns;
		next_ns = TH_MIN(next_ns, th_executor_next_deadline_ns(&actor->executor));
	}
	return next_ns;
}

bool th_world_step(struct th_world *world)
{
	uint64_t next_ns;
	struct th_list *link, *after;
	bool busy = false;

	th_list_for_each_safe(link, after, &world->actors) {
		if (!is_stopping(world))
			busy = run_actor(th_list_entry(link, struct th_actor, link)) || busy;
	}
	if (is_stopping(world)) {
		world->stopped(world->stopped_context);
		return true;
	}
	next_ns = next_deadline_ns(world);
	if (next_ns == UINT64_MAX)
		return busy;
	world->now_ns = TH_MAX(world->now_ns, next_ns);
	return true;
}

/* Makes a world that has nothing to do go on until a moment. */
static void alarm_rings(struct th_timer *timer)
{
	(void)timer;
}

void th_world_run_for(struct th_world *world, uint64_t duration_ns)
{
	uint64_t until_ns = world->now_ns + duration_ns;
	struct th_actor alarm;
	struct th_timer timer;

	th_actor_init(&alarm, world, false);
	th_timer_init(&timer, alarm_rings);
	th_executor_arm(&alarm.executor, &timer, until_ns);
	while (world->now_ns < until_ns && th_world_step(world))
		;
	th_actor_kill(&alarm);
}
