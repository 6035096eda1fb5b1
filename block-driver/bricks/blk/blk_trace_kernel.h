/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of the way of a request, group "tharsis": queued by the system, taken by the executor, ended. A request is
 * known by its disk and its tag from the first to the last.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tharsis

#if !defined(THARSIS_BLK_TRACE_KERNEL_H) || defined(TRACE_HEADER_MULTI_READ)
#define THARSIS_BLK_TRACE_KERNEL_H

#include <linux/blk-mq.h>
#include <linux/tracepoint.h>

/* As tracepoints are written in the kernel. */
/* clang-format off */

DECLARE_EVENT_CLASS(tharsis_request,

	TP_PROTO(struct request *request),

	TP_ARGS(request),

	TP_STRUCT__entry(
		__field(dev_t, disk)
		__field(int, tag)
		__field(u8, operation)
		__field(bool, fua)
		__field(u64, position)
		__field(u32, bytes)
	),

	TP_fast_assign(
		__entry->disk = disk_devt(request->q->disk);
		__entry->tag = request->tag;
		__entry->operation = (__force u8)req_op(request);
		__entry->fua = (request->cmd_flags & REQ_FUA) != 0;
		__entry->position = (u64)blk_rq_pos(request) << SECTOR_SHIFT;
		__entry->bytes = blk_rq_bytes(request);
	),

	TP_printk("disk=%u:%u tag=%d operation=%u fua=%d position=%llu bytes=%u",
		  MAJOR(__entry->disk), MINOR(__entry->disk), __entry->tag, __entry->operation,
		  __entry->fua, __entry->position, __entry->bytes)
);

DEFINE_EVENT(tharsis_request, tharsis_request_queued,
	TP_PROTO(struct request *request),
	TP_ARGS(request)
);

DEFINE_EVENT(tharsis_request, tharsis_request_taken,
	TP_PROTO(struct request *request),
	TP_ARGS(request)
);

TRACE_EVENT(tharsis_request_ended,

	TP_PROTO(struct request *request, int error),

	TP_ARGS(request, error),

	TP_STRUCT__entry(
		__field(dev_t, disk)
		__field(int, tag)
		__field(int, error)
	),

	TP_fast_assign(
		__entry->disk = disk_devt(request->q->disk);
		__entry->tag = request->tag;
		__entry->error = error;
	),

	TP_printk("disk=%u:%u tag=%d error=%d", MAJOR(__entry->disk), MINOR(__entry->disk),
		  __entry->tag, __entry->error)
);

/* clang-format on */

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE blk_trace_kernel
#include <trace/define_trace.h>
