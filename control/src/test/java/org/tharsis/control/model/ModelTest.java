// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelTest {
    /** A kind of value: its name, a good text, how it is read and written again. */
    private record Kind(String name, String good, Function<String, String> again) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final long MAX = -1;

    static Stream<Kind> kinds() {
        return Stream.of(
                new Kind("role", "1 a primary", text -> Role.parse(text).format()),
                new Kind("handover", "7 a handover:b", text -> Role.parse(text).format()),
                new Kind(
                        "sealed handover",
                        "7 none handover:b",
                        text -> Role.parse(text).format()),
                new Kind(
                        "forced",
                        "4611686018427387904 host-1.x forced",
                        text -> Role.parse(text).format()),
                new Kind("no role", "3 none none", text -> Role.parse(text).format()),
                new Kind(
                        "epoch",
                        "a 18446744073709551615 00000000000000ff 0 1700000000000000000 planned",
                        text -> EpochRecord.parse(text).format()),
                new Kind(
                        "forced epoch",
                        "a 0 ffffffffffffffff 3 0 forced",
                        text -> EpochRecord.parse(text).format()),
                new Kind(
                        "sealed",
                        "3 8192 0123456789abcdef",
                        text -> SealedEnd.parse(text).format()),
                new Kind(
                        "position",
                        "0 18446744073709551615 1 2 3 4",
                        text -> Position.parse(text).format()),
                new Kind("ok", "ok", text -> Health.parse(text).format()),
                new Kind(
                        "inconsistent",
                        "inconsistent:8192",
                        text -> Health.parse(text).format()),
                new Kind("syncing", "syncing:1 2", text -> Health.parse(text).format()),
                new Kind(
                        "diverged",
                        "diverged:3 8192",
                        text -> Health.parse(text).format()),
                new Kind("gone", "gone:8192", text -> Health.parse(text).format()),
                new Kind("detached", "detached", text -> Health.parse(text).format()),
                new Kind(
                        "failed",
                        "failed:Input/output error: 5 times",
                        text -> Health.parse(text).format()),
                new Kind("lost", "1 2 3 4 5 6 7", text -> LostTail.parse(text).format()),
                new Kind(
                        "event",
                        "5 a something happened",
                        text -> ClusterEvent.parse(text).format()));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void whatIsReadIsWrittenTheSameWay(Kind kind) {
        assertThat(kind.again().apply(kind.good())).isEqualTo(kind.good());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everyTextIsReadWhollyOrRefusedWithAReason(Kind kind) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 2000; i++) {
            String text = damaged(kind.good(), random);
            try {
                assertThat(kind.again().apply(text)).as("seed %d", seed).isEqualTo(text);
            } catch (BadValueException e) {
                assertThat(e.getMessage())
                        .as("seed %d, text %s", seed, text)
                        .hasSizeBetween(10, 600)
                        .doesNotContain("\n");
            }
        }
    }

    private static String damaged(String good, Random random) {
        StringBuilder text = new StringBuilder(good);
        String alphabet = "0 19a:zF-+.\n\u00e4\0";
        for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
            int at = random.nextInt(text.length() + 1);
            char with = alphabet.charAt(random.nextInt(alphabet.length()));
            switch (random.nextInt(3)) {
                case 0 -> text.insert(at, with);
                case 1 -> text.replace(at, Math.min(at + 1, text.length()), String.valueOf(with));
                default -> text.delete(at, Math.min(at + 1 + random.nextInt(5), text.length()));
            }
        }
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1 a",
                "1  a primary",
                "1 a primary ",
                "0 a primary",
                "01 a primary",
                "-1 a primary",
                "4611686018427387905 a primary",
                "99999999999999999999 a primary",
                "1 none primary",
                "1 a none",
                "1 a handover:a",
                "1 a handover:",
                "1 a handover:none",
                "1 a king",
                "1 a/b primary"
            })
    void aRoleThatIsNoneIsRefused(String text) {
        assertThatThrownBy(() -> Role.parse(text))
                .isInstanceOf(BadValueException.class)
                .hasMessageContaining("<epoch> <primary|none>");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "a b", "a/b", "..", ".", "-x", "\u00e4", "a\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    void aNameWithSlashesSpacesOrTooManyCharactersIsRefused(String name) {
        List<Function<String, String>> kinds = List.of(Names::node, Names::resource, Names::cluster, Names::site);
        for (Function<String, String> kind : kinds) {
            assertThatThrownBy(() -> kind.apply(name)).hasMessageContaining("1 to 40 letters");
        }
    }

    @Test
    void theLongestNameIsTakenAndAVeryLongOneIsShownShort() {
        assertThat(Names.resource("v".repeat(40))).hasSize(40);
        assertThatThrownBy(() -> Names.resource("v".repeat(300)))
                .hasMessageContaining("300 characters")
                .satisfies(
                        e -> assertThat(String.valueOf(e.getMessage()).length()).isLessThan(250));
        assertThatThrownBy(() -> Names.node("none")).hasMessageContaining("choose another");
        assertThat(Names.resource("none")).isEqualTo("none");
    }

    @Test
    void optionsAreCheckedAndSizesAreTurnedIntoBytes() {
        ResourceOptions options = ResourceOptions.parse(
                Map.of("segment-bytes", "8MiB", "log-full", "drop", "durability-remote", "2", "failover", "manual"));
        assertThat(options.get(ResourceOption.SEGMENT_BYTES)).isEqualTo("8388608");
        assertThat(options.get(ResourceOption.WRITEBACK_DEPTH)).isEqualTo("8");
        assertThat(options.values()).hasSize(4);
        assertThatThrownBy(() -> ResourceOptions.parse(Map.of("colour", "red")))
                .hasMessageContaining("\"colour\" is unknown")
                .hasMessageContaining("durability-remote");
        Map<String, String> bad = Map.of(
                "segment-bytes", "65537",
                "log-limit-bytes", "9999999TiB",
                "log-full", "maybe",
                "durability-remote", "17",
                "writeback-depth", "0",
                "writeback-delay-ms", "2s",
                "failover", "auto");
        bad.forEach((key, value) -> assertThatThrownBy(() -> ResourceOptions.parse(Map.of(key, value)))
                .isInstanceOf(BadValueException.class)
                .hasMessageContaining(key)
                .hasMessageContaining("expected is"));
        for (ResourceOption option : ResourceOption.values()) {
            assertThat(option.check(option.defaultValue())).isEqualTo(option.defaultValue());
        }
    }

    @Test
    void optionsOfTheLogsSizeHaveToFitTogether() {
        ResourceOptions options = ResourceOptions.parse(Map.of("segment-bytes", "1MiB", "log-limit-bytes", "3MiB"));
        assertThatThrownBy(() -> options.with(ResourceOption.LOG_LIMIT_BYTES, Optional.of("2MiB")))
                .hasMessageContaining("2097152 is 2 segments")
                .hasMessageContaining("3 to 1022");
        assertThatThrownBy(() -> options.with(ResourceOption.LOG_LIMIT_BYTES, Optional.empty()))
                .hasMessageContaining("4096 segments");
        assertThat(options.with(ResourceOption.SEGMENT_BYTES, Optional.of("64KiB"))
                        .get(ResourceOption.SEGMENT_BYTES))
                .isEqualTo("65536");
        TreeMap<String, RawValue> keys = new TreeMap<>(Map.of(
                "options/segment-bytes", new RawValue("65536", 0), "options/durability-remote", new RawValue("1", 0)));
        assertThat(ResourceOptions.read(keys).values()).isEqualTo(Map.of(ResourceOption.DURABILITY_REMOTE, "1"));
    }

    @Test
    void lsnsAreUnsignedEverywhere() {
        assertThat(SealedEnd.parse("1 18446744073709551615 0000000000000000").lsn())
                .isEqualTo(MAX);
        assertThat(new Position(1, MAX, MAX, MAX, MAX, MAX).format())
                .isEqualTo("1" + " 18446744073709551615".repeat(5));
    }

    @Test
    void anErrorTextFromElsewhereAlwaysFitsIntoItsKey() {
        Health.Failed failed = new Health.Failed("line one\nline two\0" + "x".repeat(5000));
        assertThat(Health.parse(failed.format())).isEqualTo(failed);
        assertThat(failed.text()).startsWith("line one line two x").hasSize(Health.TEXT_CHARACTERS_MAX);
        assertThat(new Health.Failed("").text()).isEqualTo("unknown");
    }

    @Test
    void aMissingSwitchIsAYes() {
        assertThat(Todo.ALL.wants(Switch.SYNC)).isTrue();
        assertThat(new Todo(Set.of(Switch.SYNC)).wants(Switch.SYNC)).isFalse();
        assertThatThrownBy(() -> Switch.parse("explode")).hasMessageContaining("attach, fetch, replay, sync");
    }

    @Test
    void recordsRefuseWhatCannotBe() {
        assertThatThrownBy(() -> new ReplicaRecord("disk", "d", "/log")).hasMessageContaining("absolute path");
        assertThatThrownBy(() -> new Role(1, Optional.empty(), new RoleState.Primary()))
                .hasMessageContaining("has a primary, but here is none");
        assertThatThrownBy(() -> new ResourceIdentity(new UUID(1, 2), 1000, 4096, 0))
                .hasMessageContaining("multiple of 4096");
        assertThatThrownBy(() -> new NodeRecord("a", new UUID(1, 2), "a:1", Optional.of("xyz"), "east", "1", "brickd"))
                .hasMessageContaining("64 hexadecimal digits");
    }
}
