// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The directory of one generation: {@code <n>}, or {@code <n>.damaged} when damage was found in it. The file
 * {@code complete} in it says that its beginning (with the snapshot) was written and synced.
 */
record GenerationDirectory(long number, Path path, boolean damaged) {
    private static final Pattern NAME = Pattern.compile("([1-9][0-9]{0,17})(\\.damaged)?");
    private static final String COMPLETE = "complete";

    /** All of them, oldest first. */
    static List<GenerationDirectory> list(Path journal) throws IOException {
        try (Stream<Path> found = Files.list(journal)) {
            return found.map(GenerationDirectory::parse)
                    .flatMap(Optional::stream)
                    .sorted(Comparator.comparingLong(GenerationDirectory::number))
                    .toList();
        }
    }

    private static Optional<GenerationDirectory> parse(Path path) {
        Matcher name = NAME.matcher(String.valueOf(path.getFileName()));
        return name.matches() && Files.isDirectory(path)
                ? Optional.of(new GenerationDirectory(Long.parseLong(name.group(1)), path, name.group(2) != null))
                : Optional.empty();
    }

    /** The path of a generation that is not there yet. */
    static Path pathOf(Path journal, long number) {
        return journal.resolve(Long.toString(number));
    }

    /** The queue's file in a directory; empty when there is none. */
    static Optional<Path> queueFile(Path directory) throws IOException {
        try (Stream<Path> found = Files.list(directory)) {
            return found.filter(file -> file.toString().endsWith(".cq4")).min(Comparator.naturalOrder());
        }
    }

    /** Marks a beginning as complete, for good: the file, the directory, and its name in the journal. */
    static void markComplete(Path directory, Path journal) throws IOException {
        Files.createFile(directory.resolve(COMPLETE));
        syncDirectory(directory);
        syncDirectory(journal);
    }

    boolean complete() {
        return Files.exists(path.resolve(COMPLETE));
    }

    /** Gives it the name of a damaged one. Its files stay as they are. */
    GenerationDirectory renamedAsDamaged() throws IOException {
        Path renamed = path.resolveSibling(number + ".damaged");
        Files.move(path, renamed);
        return new GenerationDirectory(number, renamed, true);
    }

    /** Deletes the directory; what is gone already does not matter. */
    void delete() throws IOException {
        try (Stream<Path> files = Files.list(path)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        } catch (NoSuchFileException gone) {
            return;
        }
        Files.deleteIfExists(path);
    }

    /** An interrupted thread syncs too, and stays interrupted. */
    static void syncDirectory(Path directory) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                interrupted |= Thread.interrupted();
                try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                    channel.force(true);
                    return;
                } catch (ClosedByInterruptException again) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
