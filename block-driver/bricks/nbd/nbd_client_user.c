// SPDX-License-Identifier: GPL-2.0
/* A client's life: from the accepted socket through handshake and transmission to its end. */
#include "nbd_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

/* One client may be read so often before others have their turn. */
#define TURNS_MAX 8u
/* Unix sockets have no window that grows: without this a few requests fill one. */
#define UNIX_SOCKET_BYTES (1024 * 1024)

static bool is_stalled(const struct th_nbd_client *client)
{
	return !th_list_empty(&client->stalled_link);
}

static bool reads(const struct th_nbd_client *client)
{
	if (client->state == TH_NBD_HANDSHAKE)
		return !client->blocked;
	return client->state == TH_NBD_TRANSMISSION && !is_stalled(client);
}

static void want_events(struct th_nbd_client *client)
{
	uint32_t events = (reads(client) ? EPOLLIN : 0u) | (client->blocked ? EPOLLOUT : 0u);

	if (events != client->watch.events)
		th_user_loop_want(client->server->loop, &client->watch, events);
}

static void arm(struct th_nbd_client *client)
{
	struct th_executor *executor = client->server->brick.executor;

	th_executor_arm(executor, &client->timer,
			th_executor_now_ns(executor) + client->server->patience_ns);
}

void th_nbd_client_ready(struct th_nbd_client *client)
{
	struct th_nbd_server *server = client->server;

	if (!th_list_empty(&client->ready_link))
		return;
	th_list_push_back(&server->ready, &client->ready_link);
	th_executor_post(server->brick.executor, &server->work);
}

/* ---- the end ---- */

static void log_end(const struct th_nbd_client *client, const char *why)
{
	const struct th_nbd_server *server = client->server;
	enum th_log_level level = why ? TH_LOG_WARNING : client->door ? TH_LOG_INFO : TH_LOG_DEBUG;

	th_log(level, "nbd %s: client %llu (%s)%s%s disconnected%s%s", server->brick.name,
	       (unsigned long long)client->number, client->peer, client->door ? " of export " : "",
	       client->door ? client->door->name : "", why ? ": " : "", why ? why : "");
}

void th_nbd_client_close(struct th_nbd_client *client, const char *why)
{
	struct th_nbd_server *server = client->server;
	struct th_list *link;

	if (client->state == TH_NBD_GONE)
		return;
	log_end(client, why);
	client->state = TH_NBD_GONE;
	client->blocked = false;
	th_user_loop_unwatch(server->loop, &client->watch);
	close(client->socket);
	th_executor_disarm(server->brick.executor, &client->timer);
	th_list_remove(&client->stalled_link);
	while ((link = th_list_pop_front(&client->replies)) != NULL)
		th_nbd_slot_free(th_list_entry(link, struct th_nbd_slot, link));
	if (client->incoming)
		th_nbd_slot_free(client->incoming);
	client->incoming = NULL;
	th_nbd_client_ready(client);
}

void th_nbd_client_leave(struct th_nbd_client *client)
{
	if (client->state == TH_NBD_HANDSHAKE)
		th_nbd_client_close(client, NULL);
	if (client->state != TH_NBD_TRANSMISSION)
		return;
	client->state = TH_NBD_LEAVING;
	th_list_remove(&client->stalled_link);
	if (client->incoming)
		th_nbd_slot_free(client->incoming);
	client->incoming = NULL;
	arm(client);
	th_nbd_client_ready(client);
}

static void free_memory(struct th_nbd_client *client)
{
	if (client->buffer)
		th_free_buffer(client->buffer, TH_NBD_RECEIVE_BYTES);
	th_free(client);
}

static void free_client(struct th_nbd_client *client)
{
	struct th_nbd_server *server = client->server;
	struct th_nbd_door *door = client->door;

	th_list_remove(&client->link);
	th_list_remove(&client->ready_link);
	server->client_count--;
	server->turning_away = false;
	free_memory(client);
	if (door)
		th_nbd_door_left(door);
	th_nbd_server_left(server);
}

/* Deaf clients do no harm as long as there is memory enough for all. */
static bool others_are_stalled(const struct th_nbd_client *client)
{
	const struct th_list *link;

	th_list_for_each(link, &client->server->stalled) {
		if (!th_list_entry(link, struct th_nbd_client, stalled_link)->blocked)
			return true;
	}
	return false;
}

static void on_timer(struct th_timer *timer)
{
	struct th_nbd_client *client = th_container_of(timer, struct th_nbd_client, timer);

	if (client->state == TH_NBD_HANDSHAKE)
		th_nbd_client_close(client, "did not finish the handshake in time");
	else if (client->blocked && client->state == TH_NBD_LEAVING)
		th_nbd_client_close(client, "does not read the replies to its last requests");
	else if (client->blocked && others_are_stalled(client))
		th_nbd_client_close(client,
				    "does not read its replies while others wait for memory");
	else if (client->blocked || client->state == TH_NBD_LEAVING)
		arm(client);
}

/* ---- handshake ---- */

static void begin_transmission(struct th_nbd_client *client)
{
	struct th_nbd_server *server = client->server;

	client->door = &server->doors[client->handshake.chosen];
	client->door->clients++;
	client->terms = client->handshake.terms;
	client->state = TH_NBD_TRANSMISSION;
	th_executor_disarm(server->brick.executor, &client->timer);
	th_log(TH_LOG_INFO, "nbd %s: client %llu (%s) uses export %s", server->brick.name,
	       (unsigned long long)client->number, client->peer, client->door->name);
	th_nbd_take_requests(client);
}

/* One step: sends the answer to the last message, then takes the next. False: waits for the client, or is over. */
static bool shake_hands_once(struct th_nbd_client *client)
{
	size_t taken;
	int error;

	error = th_nbd_send_answer(client);
	if (error)
		th_nbd_client_close(client, NULL);
	if (error || client->blocked)
		return false;
	client->answer.bytes = 0;
	client->answer_sent = 0;
	if (client->step == TH_NBD_CLOSE)
		th_nbd_client_close(client, client->handshake.complaint);
	else if (client->step == TH_NBD_ENTER)
		begin_transmission(client);
	if (client->state != TH_NBD_HANDSHAKE)
		return false;
	client->step = th_nbd_handshake_next(&client->handshake, client->buffer + client->start,
					     client->end - client->start, &taken, &client->answer);
	client->start += (uint32_t)taken;
	return client->step != TH_NBD_NEED_MORE;
}

static void shake_hands(struct th_nbd_client *client)
{
	while (shake_hands_once(client))
		;
	if (client->state == TH_NBD_HANDSHAKE)
		th_nbd_compact(client);
}

/* ---- events ---- */

static void end_of_stream(struct th_nbd_client *client, ssize_t error)
{
	if (error)
		th_nbd_client_close(client, client->door ? strerror((int)-error) : NULL);
	else if (client->incoming || client->skip_bytes || client->start < client->end)
		th_nbd_client_close(client, "ended in the middle of a message");
	else
		th_nbd_client_leave(client);
}

static void read_socket(struct th_nbd_client *client)
{
	ssize_t received;
	uint32_t turn;
	size_t asked;

	for (turn = 0; turn < TURNS_MAX && reads(client); turn++) {
		received = th_nbd_receive(client, &asked);
		if (received == -EAGAIN)
			break;
		if (received <= 0) {
			end_of_stream(client, received);
			break;
		}
		if (client->state == TH_NBD_HANDSHAKE)
			shake_hands(client);
		else
			th_nbd_take_requests(client);
		/* Less than there was room for: that was all, and the loop tells when there is more. */
		if ((size_t)received < asked)
			break;
	}
}

static void on_event(struct th_user_watch *watch, uint32_t events)
{
	struct th_nbd_client *client = th_container_of(watch, struct th_nbd_client, watch);

	if (client->blocked && (events & ~(uint32_t)EPOLLIN)) {
		client->blocked = false;
		if (client->state == TH_NBD_HANDSHAKE)
			shake_hands(client);
		else
			th_nbd_client_ready(client);
	}
	if (events & ~(uint32_t)EPOLLOUT)
		read_socket(client);
	if (client->state != TH_NBD_GONE)
		want_events(client);
}

void th_nbd_client_send(struct th_nbd_client *client)
{
	int error;

	if (client->state == TH_NBD_GONE || client->blocked)
		return;
	error = th_nbd_send_replies(client);
	if (error)
		th_nbd_client_close(client, strerror(-error));
	else if (client->blocked)
		arm(client);
}

static void look_after(struct th_nbd_client *client)
{
	th_nbd_client_send(client);
	if (client->state == TH_NBD_LEAVING && client->in_flight == 0 &&
	    th_list_empty(&client->replies))
		th_nbd_client_close(client, NULL);
	if (client->state != TH_NBD_GONE)
		want_events(client);
	else if (client->in_flight == 0)
		free_client(client);
}

void th_nbd_look_after_clients(struct th_hook *hook)
{
	struct th_nbd_server *server = th_container_of(hook, struct th_nbd_server, hook);
	struct th_list *link;

	while ((link = th_list_pop_front(&server->ready)) != NULL)
		look_after(th_list_entry(link, struct th_nbd_client, ready_link));
}

/* ---- stalled clients ---- */

void th_nbd_client_stall(struct th_nbd_client *client)
{
	th_list_push_back(&client->server->stalled, &client->stalled_link);
}

void th_nbd_wake_stalled(struct th_nbd_server *server)
{
	if (!th_list_empty(&server->stalled))
		th_executor_post(server->brick.executor, &server->work);
}

void th_nbd_resume_stalled(struct th_work *work)
{
	struct th_nbd_server *server = th_container_of(work, struct th_nbd_server, work);
	struct th_list waiting;
	struct th_list *link;

	th_list_init(&waiting);
	th_list_splice_back(&waiting, &server->stalled);
	while ((link = th_list_pop_front(&waiting)) != NULL) {
		struct th_nbd_client *client =
			th_list_entry(link, struct th_nbd_client, stalled_link);

		th_nbd_take_requests(client);
		th_nbd_client_ready(client);
	}
}

/* ---- the beginning ---- */

static void set_options(int socket)
{
	static const int bytes = UNIX_SOCKET_BYTES;
	static const int yes = 1;
	static const int idle_s = 60, interval_s = 10, probes = 6;
	int domain = AF_UNSPEC;
	socklen_t length = sizeof(domain);

	getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &length);
	if (domain == AF_UNIX) {
		/* Beyond the system's limit where we may, up to it where we may not. */
		if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
			setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
		return;
	}
	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	/* Finds out within two minutes that a client's machine has vanished. */
	setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
	setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

static void init_lists(struct th_nbd_client *client)
{
	uint32_t i;

	th_list_init(&client->link);
	th_list_init(&client->ready_link);
	th_list_init(&client->stalled_link);
	th_list_init(&client->replies);
	th_list_init(&client->free_slots);
	for (i = 0; i < client->server->client_depth; i++) {
		client->slots[i].client = client;
		th_list_push_back(&client->free_slots, &client->slots[i].link);
	}
}

static struct th_nbd_client *create_client(struct th_nbd_server *server, int socket,
					   const char *peer)
{
	struct th_nbd_client *client;

	client = th_alloc(sizeof(*client) + server->client_depth * sizeof(client->slots[0]));
	if (!client)
		return NULL;
	client->server = server;
	client->socket = socket;
	client->number = ++server->next_number;
	client->window_bytes = TH_NBD_RECEIVE_BYTES;
	client->answer.base = client->answer_bytes;
	client->answer.capacity = sizeof(client->answer_bytes);
	th_snprintf(client->peer, sizeof(client->peer), "%s", peer);
	th_timer_init(&client->timer, on_timer);
	init_lists(client);
	client->buffer = th_alloc_buffer(TH_NBD_RECEIVE_BYTES);
	if (client->buffer)
		return client;
	free_memory(client);
	return NULL;
}

static int turn_away(struct th_nbd_server *server, int socket, const char *peer)
{
	if (!server->turning_away)
		th_log(TH_LOG_WARNING,
		       "nbd %s: %s turned away, as are others until one leaves: there are %u clients, "
		       "which is the limit",
		       server->brick.name, peer, server->clients_max);
	server->turning_away = true;
	close(socket);
	return -EUSERS;
}

static int give_up(struct th_nbd_server *server, int socket, const char *peer, int error)
{
	th_log(TH_LOG_ERROR, "nbd %s: %s turned away: %s", server->brick.name, peer,
	       strerror(-error));
	close(socket);
	return error;
}

int th_nbd_client_accept(struct th_nbd_server *server, int socket, const char *peer)
{
	struct th_nbd_client *client;
	int error;

	if (server->client_count >= server->clients_max)
		return turn_away(server, socket, peer);
	client = create_client(server, socket, peer);
	if (!client)
		return give_up(server, socket, peer, -ENOMEM);
	set_options(socket);
	error = th_user_loop_watch(server->loop, &client->watch, socket, EPOLLIN, on_event);
	if (error) {
		free_memory(client);
		return give_up(server, socket, peer, error);
	}
	th_list_push_back(&server->clients, &client->link);
	server->client_count++;
	arm(client);
	th_nbd_handshake_begin(&client->handshake, &server->catalog, &client->answer);
	client->step = TH_NBD_REPLY;
	shake_hands(client);
	if (client->state != TH_NBD_GONE)
		want_events(client);
	return 0;
}
