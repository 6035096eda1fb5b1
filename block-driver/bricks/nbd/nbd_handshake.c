// SPDX-License-Identifier: GPL-2.0
#include "nbd_handshake.h"

void th_nbd_handshake_begin(struct th_nbd_handshake *handshake,
			    const struct th_nbd_catalog *catalog, struct th_nbd_writer *writer)
{
	memset(handshake, 0, sizeof(*handshake));
	handshake->catalog = catalog;
	th_nbd_put64(writer, TH_NBD_MAGIC);
	th_nbd_put64(writer, TH_NBD_OPTION_MAGIC);
	th_nbd_put16(writer, TH_NBD_FIXED_NEWSTYLE | TH_NBD_NO_ZEROES);
}

static enum th_nbd_step complain(struct th_nbd_handshake *handshake, const char *complaint)
{
	handshake->complaint = complaint;
	return TH_NBD_CLOSE;
}

static enum th_nbd_step acknowledge(struct th_nbd_writer *writer, uint32_t option)
{
	th_nbd_put_option_reply(writer, option, TH_NBD_REP_ACK, 0);
	return TH_NBD_REPLY;
}

static enum th_nbd_step refuse(struct th_nbd_writer *writer, uint32_t option, uint32_t error,
			       const char *text)
{
	size_t bytes = strlen(text);

	th_nbd_put_option_reply(writer, option, error, (uint32_t)bytes);
	th_nbd_put_bytes(writer, text, bytes);
	return TH_NBD_REPLY;
}

/* ---- exports ---- */

static uint16_t export_flags(const struct th_nbd_offer *offer, bool structured)
{
	/* One cache of the device serves all connections: a flush on one covers the writes of all. */
	uint16_t flags = TH_NBD_HAS_FLAGS | TH_NBD_CAN_MULTI_CONN;

	if (offer->read_only)
		flags |= TH_NBD_READ_ONLY;
	else
		flags |= TH_NBD_SEND_FLUSH | TH_NBD_SEND_FUA | TH_NBD_SEND_TRIM |
			 TH_NBD_SEND_WRITE_ZEROES | TH_NBD_SEND_FAST_ZERO;
	if (offer->rotational)
		flags |= TH_NBD_ROTATIONAL;
	if (structured)
		flags |= TH_NBD_SEND_DF;
	return flags;
}

static bool has_name(const struct th_nbd_offer *offer, const struct th_nbd_string *name)
{
	return strlen(offer->name) == name->bytes &&
	       memcmp(offer->name, name->text, name->bytes) == 0;
}

/* The empty name is the default export: the only one, when there is only one. */
static bool find_offer(const struct th_nbd_catalog *catalog, const struct th_nbd_string *name,
		       struct th_nbd_offer *offer, uint32_t *index)
{
	uint32_t count = 0;
	uint32_t i;

	for (i = 0; i < TH_NBD_OFFERS_MAX; i++) {
		struct th_nbd_offer candidate;

		if (!catalog->offer(catalog->context, i, &candidate))
			continue;
		count++;
		if (name->bytes && !has_name(&candidate, name))
			continue;
		*offer = candidate;
		*index = i;
		if (name->bytes)
			return true;
	}
	return !name->bytes && count == 1;
}

/* Finds an export that is open to clients; refuses otherwise, in *@step. */
static bool open_offer(struct th_nbd_handshake *handshake, uint32_t option,
		       const struct th_nbd_string *name, struct th_nbd_offer *offer,
		       uint32_t *index, struct th_nbd_writer *writer, enum th_nbd_step *step)
{
	if (!find_offer(handshake->catalog, name, offer, index)) {
		*step = refuse(writer, option, TH_NBD_REP_ERR_UNKNOWN,
			       name->bytes ? "no export of this name" :
					     "there is not exactly one export: name one");
		return false;
	}
	if (offer->error) {
		*step = refuse(writer, option,
			       offer->error == -ESHUTDOWN ? TH_NBD_REP_ERR_SHUTDOWN :
							    TH_NBD_REP_ERR_UNKNOWN,
			       offer->error == -ESHUTDOWN ?
				       "the export is being removed" :
				       "the device behind the export is not on");
		return false;
	}
	return true;
}

static enum th_nbd_step enter(struct th_nbd_handshake *handshake, uint32_t index,
			      const struct th_nbd_offer *offer)
{
	handshake->chosen = index;
	handshake->terms = (struct th_nbd_terms){
		.size_bytes = offer->size_bytes,
		.block_bytes = offer->block_bytes,
		.flags = export_flags(offer, handshake->structured),
		.structured = handshake->structured,
		.allocation = handshake->structured && handshake->meta_serial == offer->serial,
		.fast_zero = offer->fast_zero,
	};
	return TH_NBD_ENTER;
}

/* ---- options ---- */

static enum th_nbd_step on_export_name(struct th_nbd_handshake *handshake, const uint8_t *data,
				       uint32_t bytes, struct th_nbd_writer *writer)
{
	struct th_nbd_string name = { .text = (const char *)data, .bytes = bytes };
	struct th_nbd_offer offer;
	uint32_t index;

	if (!find_offer(handshake->catalog, &name, &offer, &index) || offer.error)
		return complain(handshake, "asked for an export that is not there");
	th_nbd_put64(writer, offer.size_bytes);
	th_nbd_put16(writer, export_flags(&offer, handshake->structured));
	if (!handshake->no_zeroes)
		th_nbd_put_zeroes(writer, 124);
	return enter(handshake, index, &offer);
}

static void put_offer(struct th_nbd_writer *writer, const struct th_nbd_offer *offer)
{
	size_t name_bytes = strlen(offer->name);
	size_t description_bytes = strlen(offer->description);

	th_nbd_put_option_reply(writer, TH_NBD_OPT_LIST, TH_NBD_REP_SERVER,
				(uint32_t)(4 + name_bytes + description_bytes));
	th_nbd_put32(writer, (uint32_t)name_bytes);
	th_nbd_put_bytes(writer, offer->name, name_bytes);
	th_nbd_put_bytes(writer, offer->description, description_bytes);
}

/* The next piece of a list, or its end. */
static enum th_nbd_step list_more(struct th_nbd_handshake *handshake, struct th_nbd_writer *writer)
{
	const struct th_nbd_catalog *catalog = handshake->catalog;
	uint32_t count = 0;

	while (handshake->list_index < TH_NBD_OFFERS_MAX && count < TH_NBD_LIST_PIECE) {
		struct th_nbd_offer offer;

		if (!catalog->offer(catalog->context, handshake->list_index++, &offer) ||
		    offer.error)
			continue;
		put_offer(writer, &offer);
		count++;
	}
	handshake->listing = handshake->list_index < TH_NBD_OFFERS_MAX;
	return handshake->listing ? TH_NBD_REPLY : acknowledge(writer, TH_NBD_OPT_LIST);
}

static enum th_nbd_step on_list(struct th_nbd_handshake *handshake, struct th_nbd_writer *writer)
{
	handshake->list_index = 0;
	return list_more(handshake, writer);
}

static void put_text_info(struct th_nbd_writer *writer, uint32_t option, enum th_nbd_info info,
			  const char *text)
{
	size_t bytes = strlen(text);

	th_nbd_put_option_reply(writer, option, TH_NBD_REP_INFO, (uint32_t)(2 + bytes));
	th_nbd_put16(writer, info);
	th_nbd_put_bytes(writer, text, bytes);
}

static void put_infos(struct th_nbd_handshake *handshake, uint32_t option,
		      const struct th_nbd_go *go, const struct th_nbd_offer *offer,
		      struct th_nbd_writer *writer)
{
	th_nbd_put_option_reply(writer, option, TH_NBD_REP_INFO, 12);
	th_nbd_put16(writer, TH_NBD_INFO_EXPORT);
	th_nbd_put64(writer, offer->size_bytes);
	th_nbd_put16(writer, export_flags(offer, handshake->structured));
	if (go->wants_name)
		put_text_info(writer, option, TH_NBD_INFO_NAME, offer->name);
	if (go->wants_description)
		put_text_info(writer, option, TH_NBD_INFO_DESCRIPTION, offer->description);
	/* Sent unasked too: our minimum is not the protocol's default. */
	th_nbd_put_option_reply(writer, option, TH_NBD_REP_INFO, 14);
	th_nbd_put16(writer, TH_NBD_INFO_BLOCK_SIZE);
	th_nbd_put32(writer, offer->block_bytes);
	th_nbd_put32(writer, TH_MAX(TH_NBD_PREFERRED_BYTES, offer->block_bytes));
	th_nbd_put32(writer, TH_NBD_PAYLOAD_BYTES_MAX);
}

static enum th_nbd_step on_go(struct th_nbd_handshake *handshake,
			      const struct th_nbd_option *option, const uint8_t *data,
			      struct th_nbd_writer *writer)
{
	struct th_nbd_offer offer;
	struct th_nbd_go go;
	enum th_nbd_step step;
	uint32_t index;

	if (!th_nbd_parse_go(data, option->bytes, &go))
		return refuse(writer, option->code, TH_NBD_REP_ERR_INVALID,
			      "lengths in the option do not fit together");
	if (!open_offer(handshake, option->code, &go.name, &offer, &index, writer, &step))
		return step;
	put_infos(handshake, option->code, &go, &offer, writer);
	acknowledge(writer, option->code);
	return option->code == TH_NBD_OPT_GO ? enter(handshake, index, &offer) : TH_NBD_REPLY;
}

static enum th_nbd_step on_meta_context(struct th_nbd_handshake *handshake,
					const struct th_nbd_option *option, const uint8_t *data,
					struct th_nbd_writer *writer)
{
	bool set = option->code == TH_NBD_OPT_SET_META_CONTEXT;
	struct th_nbd_offer offer;
	struct th_nbd_meta meta;
	enum th_nbd_step step;
	uint32_t index;
	bool found;

	if (set)
		handshake->meta_serial = 0;
	if (!handshake->structured)
		return refuse(writer, option->code, TH_NBD_REP_ERR_INVALID,
			      "structured replies must be negotiated first");
	if (!th_nbd_parse_meta(data, option->bytes, &meta))
		return refuse(
			writer, option->code, TH_NBD_REP_ERR_INVALID,
			"lengths in the option do not fit together, or a query has no namespace");
	if (!open_offer(handshake, option->code, &meta.name, &offer, &index, writer, &step))
		return step;
	found = meta.allocation || (!set && (meta.base || meta.query_count == 0));
	if (found) {
		th_nbd_put_option_reply(writer, option->code, TH_NBD_REP_META_CONTEXT,
					4 + (uint32_t)strlen(TH_NBD_ALLOCATION_CONTEXT));
		th_nbd_put32(writer, set ? TH_NBD_ALLOCATION_ID : 0);
		th_nbd_put_bytes(writer, TH_NBD_ALLOCATION_CONTEXT,
				 strlen(TH_NBD_ALLOCATION_CONTEXT));
	}
	if (set && found)
		handshake->meta_serial = offer.serial;
	return acknowledge(writer, option->code);
}

/* Options that carry no data. */
static enum th_nbd_step on_bare(struct th_nbd_handshake *handshake,
				const struct th_nbd_option *option, struct th_nbd_writer *writer)
{
	if (option->bytes)
		return refuse(writer, option->code, TH_NBD_REP_ERR_INVALID,
			      "this option has no data");
	switch (option->code) {
	case TH_NBD_OPT_LIST:
		return on_list(handshake, writer);
	case TH_NBD_OPT_STRUCTURED_REPLY:
		handshake->structured = true;
		return acknowledge(writer, option->code);
	default:
		return refuse(writer, option->code, TH_NBD_REP_ERR_POLICY,
			      "TLS is not offered here: connect without it");
	}
}

static enum th_nbd_step on_option(struct th_nbd_handshake *handshake,
				  const struct th_nbd_option *option, const uint8_t *data,
				  struct th_nbd_writer *writer)
{
	if (!handshake->fixed && option->code != TH_NBD_OPT_EXPORT_NAME)
		return complain(handshake,
				"sent an option of the fixed newstyle without agreeing to it");
	switch (option->code) {
	case TH_NBD_OPT_EXPORT_NAME:
		return on_export_name(handshake, data, option->bytes, writer);
	case TH_NBD_OPT_ABORT:
		acknowledge(writer, option->code);
		return TH_NBD_CLOSE;
	case TH_NBD_OPT_LIST:
	case TH_NBD_OPT_STARTTLS:
	case TH_NBD_OPT_STRUCTURED_REPLY:
		return on_bare(handshake, option, writer);
	case TH_NBD_OPT_INFO:
	case TH_NBD_OPT_GO:
		return on_go(handshake, option, data, writer);
	case TH_NBD_OPT_LIST_META_CONTEXT:
	case TH_NBD_OPT_SET_META_CONTEXT:
		return on_meta_context(handshake, option, data, writer);
	default:
		return refuse(writer, option->code, TH_NBD_REP_ERR_UNSUP, "unknown option");
	}
}

/* An option whose data is more than we look at: answered at once, and its data skipped as it comes. */
static enum th_nbd_step on_oversized(struct th_nbd_handshake *handshake,
				     const struct th_nbd_option *option,
				     struct th_nbd_writer *writer)
{
	if (!handshake->fixed || option->code == TH_NBD_OPT_EXPORT_NAME)
		return complain(handshake, "sent a name that is too long");
	if (option->code == TH_NBD_OPT_ABORT) {
		acknowledge(writer, option->code);
		return TH_NBD_CLOSE;
	}
	if (option->code == TH_NBD_OPT_SET_META_CONTEXT)
		handshake->meta_serial = 0;
	handshake->skip_bytes = option->bytes;
	return refuse(writer, option->code, TH_NBD_REP_ERR_TOO_BIG, "too much data in the option");
}

static enum th_nbd_step next_option(struct th_nbd_handshake *handshake, const uint8_t *data,
				    size_t bytes, size_t *taken, struct th_nbd_writer *writer)
{
	struct th_nbd_option option;

	if (bytes < TH_NBD_OPTION_BYTES)
		return TH_NBD_NEED_MORE;
	if (!th_nbd_parse_option(data, &option))
		return complain(handshake, "sent something that is not an NBD option");
	if (option.bytes > TH_NBD_OPTION_DATA_MAX) {
		*taken = TH_NBD_OPTION_BYTES;
		return on_oversized(handshake, &option, writer);
	}
	if (bytes - TH_NBD_OPTION_BYTES < option.bytes)
		return TH_NBD_NEED_MORE;
	*taken = TH_NBD_OPTION_BYTES + option.bytes;
	return on_option(handshake, &option, data + TH_NBD_OPTION_BYTES, writer);
}

static enum th_nbd_step take_client_flags(struct th_nbd_handshake *handshake, const uint8_t *data,
					  size_t bytes, size_t *taken)
{
	uint32_t flags;

	if (bytes < TH_NBD_CLIENT_FLAGS_BYTES)
		return TH_NBD_NEED_MORE;
	flags = th_nbd_get32(data);
	*taken = TH_NBD_CLIENT_FLAGS_BYTES;
	if (flags & ~(uint32_t)(TH_NBD_FIXED_NEWSTYLE | TH_NBD_NO_ZEROES))
		return complain(handshake, "did not answer our greeting as an NBD client does");
	handshake->flags_seen = true;
	handshake->fixed = flags & TH_NBD_FIXED_NEWSTYLE;
	handshake->no_zeroes = flags & TH_NBD_NO_ZEROES;
	return TH_NBD_REPLY;
}

enum th_nbd_step th_nbd_handshake_next(struct th_nbd_handshake *handshake, const uint8_t *data,
				       size_t bytes, size_t *taken, struct th_nbd_writer *writer)
{
	*taken = 0;
	if (!handshake->flags_seen)
		return take_client_flags(handshake, data, bytes, taken);
	if (handshake->listing)
		return list_more(handshake, writer);
	if (handshake->skip_bytes) {
		*taken = TH_MIN(bytes, (size_t)handshake->skip_bytes);
		handshake->skip_bytes -= (uint32_t)*taken;
		return *taken ? TH_NBD_REPLY : TH_NBD_NEED_MORE;
	}
	return next_option(handshake, data, bytes, taken, writer);
}
