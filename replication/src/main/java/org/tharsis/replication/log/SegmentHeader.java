// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.log;

import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * The first block of a segment file: whose log it is, where in it the segment stands, and what came before.
 *
 * <pre>
 *     0  magic THARSEG1    8        56  previous_end_lsn     8  equals start_lsn
 *     8  version           4        64  chain_before         8
 *    12  header_bytes      4        72  created_ns           8
 *    16  resource_uuid    16        80  creator_uuid        16
 *    32  epoch             8        96  block_bytes          4
 *    40  start_lsn         8       100  zero              3980
 *    48  previous_epoch    8      4080  trailer             16  chain over bytes 0 to 111
 * </pre>
 *
 * @param resourceUuid the resource whose log this is
 * @param epoch of every batch in the segment; at least 1
 * @param startLsn LSN of this header; a multiple of 4096
 * @param previousEpoch epoch of the predecessor; 0 in the first segment of a resource
 * @param chainBefore chain value at {@code startLsn}
 * @param createdNs wall clock in nanoseconds since 1970 when the segment was created
 * @param creatorUuid the node that wrote the segment first; copies keep it
 * @param blockBytes 512 or 4096, the unit of positions and lengths
 * @param chain chain value after this header
 */
public record SegmentHeader(
        UUID resourceUuid,
        long epoch,
        long startLsn,
        long previousEpoch,
        long chainBefore,
        long createdNs,
        UUID creatorUuid,
        int blockBytes,
        long chain) {
    private static final String MAGIC = "THARSEG1";
    private static final int EPOCH_OFFSET = 32;
    private static final int CHAINED_BYTES = 112;

    /**
     * Verifies the block at the buffer's position, which is not changed.
     *
     * @param name what the file's name says
     * @param resourceUuid the resource that the log must belong to
     */
    public static SegmentHeader unpack(ByteBuffer bytes, SegmentName name, UUID resourceUuid)
            throws LogFormatException {
        HeaderBlock block = new HeaderBlock(bytes, "segment " + name.fileName());
        block.checkMagic(MAGIC);
        block.checkVersion(block.u32(8));
        checkLength(block);
        SegmentHeader header = new SegmentHeader(
                block.uuid(16),
                block.u64(EPOCH_OFFSET),
                block.u64(40),
                block.u64(48),
                block.u64(64),
                block.u64(72),
                block.uuid(80),
                (int) block.u32(96),
                block.u64(4080));
        header.checkOwner(block.where(), resourceUuid);
        header.checkLsn(block.where(), name, block.u64(56));
        header.checkEpoch(block.where(), name);
        block.checkChecksum();
        block.checkChain(header.chainBefore, CHAINED_BYTES);
        header.checkContent(block.where());
        return header;
    }

    /**
     * Verifies the block at the buffer's position as that of the segment that goes on where a history ends.
     *
     * @param end where the segment must begin
     * @param resourceUuid the resource that the log must belong to
     */
    public static SegmentHeader unpackFollowing(ByteBuffer bytes, LogPosition end, UUID resourceUuid)
            throws LogFormatException {
        long epoch = new HeaderBlock(bytes, "").u64(EPOCH_OFFSET);
        SegmentHeader header = unpack(bytes, new SegmentName(epoch, end.lsn()), resourceUuid);
        header.checkFollows(end);
        return header;
    }

    /** Does the block at the start of the buffer say that it is a segment header? */
    static boolean begins(ByteBuffer bytes) {
        return new HeaderBlock(bytes.slice(0, LogFormat.HEADER_BYTES), "").hasMagic(MAGIC);
    }

    /** Whose log it is, as the block at the buffer's position says, whatever else is in it. */
    static UUID claimedResource(ByteBuffer bytes) {
        return new HeaderBlock(bytes, "").uuid(16);
    }

    /**
     * Makes the header of a segment that goes on where a history ends.
     *
     * @param end of the predecessor; LSN 0, epoch 0 and chain value 0 for the first segment of a resource
     * @param epoch of the new segment
     * @param creatorUuid the node that writes it
     */
    public static SegmentHeader following(
            LogPosition end, long epoch, UUID resourceUuid, long createdNs, UUID creatorUuid, int blockBytes) {
        SegmentHeader unsealed = new SegmentHeader(
                resourceUuid, epoch, end.lsn(), end.epoch(), end.chain(), createdNs, creatorUuid, blockBytes, 0);
        long chain = unsealed.pack(ByteBuffer.allocate(LogFormat.HEADER_BYTES));
        return new SegmentHeader(
                resourceUuid, epoch, end.lsn(), end.epoch(), end.chain(), createdNs, creatorUuid, blockBytes, chain);
    }

    /** Returns the block as it stands in the file. */
    public ByteBuffer pack() {
        ByteBuffer block = ByteBuffer.allocate(LogFormat.HEADER_BYTES);
        pack(block);
        return block;
    }

    private long pack(ByteBuffer block) {
        return new HeaderBlockBuilder(block, MAGIC)
                .u32(8, LogFormat.VERSION)
                .u32(12, LogFormat.HEADER_BYTES)
                .uuid(16, resourceUuid)
                .u64(EPOCH_OFFSET, epoch)
                .u64(40, startLsn)
                .u64(48, previousEpoch)
                .u64(56, startLsn)
                .u64(64, chainBefore)
                .u64(72, createdNs)
                .uuid(80, creatorUuid)
                .u32(96, blockBytes)
                .seal(chainBefore, CHAINED_BYTES);
    }

    /** The name of its file. */
    public SegmentName name() {
        return new SegmentName(epoch, startLsn);
    }

    /** The position before this header: where its predecessor's history ends. */
    public LogPosition start() {
        return new LogPosition(startLsn, previousEpoch, chainBefore);
    }

    /** Where the first batch begins. */
    public LogPosition end() {
        return new LogPosition(startLsn + LogFormat.HEADER_BYTES, epoch, chain);
    }

    /** Does this segment go on where the predecessor's history ends? */
    public boolean follows(LogPosition end) {
        return startLsn == end.lsn() && previousEpoch == end.epoch() && chainBefore == end.chain();
    }

    /** Checks that this segment goes on where the predecessor's history ends. */
    public void checkFollows(LogPosition end) throws LogFormatException {
        if (!follows(end)) {
            throw new LogFormatException.BadChain(
                    where(), "it follows " + start() + ", but what is before it ends at " + end);
        }
    }

    void checkSameBlocks(SegmentHeader before) throws LogFormatException {
        if (blockBytes != before.blockBytes) {
            throw new LogFormatException.BadContent(
                    where(), "blocks of " + blockBytes + " bytes, before it they had " + before.blockBytes);
        }
    }

    private String where() {
        return "segment " + name().fileName();
    }

    private static void checkLength(HeaderBlock block) throws LogFormatException {
        if (block.u32(12) != LogFormat.HEADER_BYTES) {
            throw new LogFormatException.BadLength(
                    block.where(), "header of " + block.u32(12) + " bytes, " + LogFormat.HEADER_BYTES + " expected");
        }
        block.checkZeroToTrailer(100);
    }

    private void checkOwner(String where, UUID expected) throws LogFormatException {
        if (!resourceUuid.equals(expected)) {
            throw new LogFormatException.Foreign(where, "it is of resource " + resourceUuid + ", not of " + expected);
        }
    }

    private void checkLsn(String where, SegmentName name, long previousEndLsn) throws LogFormatException {
        if (startLsn != name.startLsn()) {
            throw new LogFormatException.BadLsn(where, "its header says that it starts at " + LogFormat.hex(startLsn));
        }
        if (startLsn % LogFormat.HEADER_BYTES != 0) {
            throw new LogFormatException.BadLsn(where, "it does not start at a multiple of 4096");
        }
        if (LogFormat.endsAboveLimit(startLsn, LogFormat.HEADER_BYTES)) {
            throw new LogFormatException.BadLsn(where, "it ends beyond the highest LSN, 2^62");
        }
        if (previousEndLsn != startLsn) {
            throw new LogFormatException.BadLsn(
                    where, "its predecessor ends at " + LogFormat.hex(previousEndLsn) + ", not where it starts");
        }
    }

    private void checkEpoch(String where, SegmentName name) throws LogFormatException {
        if (epoch != name.epoch()) {
            throw new LogFormatException.BadEpoch(
                    where, "its header says that it is of epoch " + Long.toUnsignedString(epoch));
        }
        if (epoch == 0) {
            throw new LogFormatException.BadEpoch(where, "epoch 0, at least 1 expected");
        }
    }

    private void checkContent(String where) throws LogFormatException {
        if (blockBytes != 512 && blockBytes != 4096) {
            throw new LogFormatException.BadContent(
                    where, "blocks of " + Integer.toUnsignedString(blockBytes) + " bytes, 512 or 4096 expected");
        }
        if (Long.compareUnsigned(previousEpoch, epoch) > 0) {
            throw new LogFormatException.BadContent(
                    where, "its predecessor is of the later epoch " + Long.toUnsignedString(previousEpoch));
        }
        boolean first = startLsn == 0;
        if (first != (previousEpoch == 0)) {
            throw new LogFormatException.BadContent(
                    where, "only the segment at LSN 0 has no predecessor, and it has none");
        }
        if (first && chainBefore != 0) {
            throw new LogFormatException.BadContent(where, "a chain value before the first segment");
        }
    }
}
