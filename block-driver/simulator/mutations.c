// SPDX-License-Identifier: GPL-2.0
#include "mutations.h"

#include "engine.h"

#ifdef THARSIS_MUTATIONS

const struct th_mutation_case th_mutation_cases[] = {
	{ "write-ahead", "write-back does not wait for the log", "crash", TH_MUTATE_WRITE_AHEAD },
	{ "ack-order", "a write is acknowledged before earlier batches are appended", "crash",
	  TH_MUTATE_ACK_ORDER },
	{ "reader-tail", "a reader takes a payload whose checksum is wrong", "crash",
	  TH_MUTATE_READER_TAIL },
	{ "checkpoint-flush", "the disk is not flushed before the checkpoint moves", "crash",
	  TH_MUTATE_CHECKPOINT_FLUSH },
	{ "checkpoint-early", "the checkpoint moves before the sweep has ended", "crash",
	  TH_MUTATE_CHECKPOINT_EARLY },
	{ "meta-slot", "the newer slot of the meta file is overwritten", "crash",
	  TH_MUTATE_META_SLOT },
	{ "seal", "recovery goes on in the old segment, without cutting it", "crash",
	  TH_MUTATE_SEAL },
	{ "delete-early", "a segment is deleted above the checkpoint", "crash",
	  TH_MUTATE_DELETE_EARLY },
	{ "bitmap-late", "log is dropped before the bitmap has it", "full", TH_MUTATE_BITMAP_LATE },
	{ "replay-order", "replay takes the records of a batch in reverse order", "crash",
	  TH_MUTATE_REPLAY_ORDER },
	{ "discard-local", "a discard is not logged", "crash", TH_MUTATE_DISCARD_LOCAL },
	{ "full-ignored", "the log grows beyond its limit", "full", TH_MUTATE_FULL_IGNORED },
	{ "writeback-error", "a block whose write-back failed counts as clean", "errors",
	  TH_MUTATE_WRITEBACK_ERROR },
	{ "flush-early", "a flush completes before the log is synced", "crash",
	  TH_MUTATE_FLUSH_EARLY },
	{ "flush-short", "a sync of the log leaves out the last block that it is for", "crash",
	  TH_MUTATE_FLUSH_SHORT },
	{ "consistent-early", "a disk that was filled counts as consistent at once", "followers",
	  TH_MUTATE_CONSISTENT_EARLY },
	{ 0 },
};

void th_mutation_switch_on(const struct th_mutation_case *mutation)
{
	th_mutation = (enum th_mutation)mutation->mutation;
}

#else

const struct th_mutation_case th_mutation_cases[] = { { 0 } };

void th_mutation_switch_on(const struct th_mutation_case *mutation)
{
	(void)mutation;
}

#endif

const struct th_mutation_case *th_mutation_find(const char *name)
{
	for (const struct th_mutation_case *mutation = th_mutation_cases; mutation->name;
	     mutation++) {
		if (strcmp(mutation->name, name) == 0)
			return mutation;
	}
	return NULL;
}
