// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.util.Map;
import java.util.stream.Collectors;
import org.tharsis.control.model.BadValueException;

/** The records of this package as JSON: what is absent is left out, and what is missing is refused. */
public final class Json {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .addModule(new Jdk8Module())
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.NON_ABSENT, JsonInclude.Include.ALWAYS))
            .build();

    /** A value in one line. */
    public static String line(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** A value in lines that people can read. */
    public static String pretty(Object value) {
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** A failure as the daemon would tell it: {@code {"error":{"code":...,"message":...,"hint":...}}}. */
    public static String failure(Outcome.Failure<?> failure) {
        return line("error", ApiError.of(failure));
    }

    /** A mistake in what somebody asks for, in the same form. */
    public static String mistake(String message) {
        return line("error", ApiError.usage(message));
    }

    /** An object with one field. */
    static String line(String field, Object value) {
        return line(Map.of(field, value));
    }

    /**
     * Reads what somebody asks for; a field that is not known is an error, because it may be a misspelt one.
     *
     * @throws BadValueException when it is wrong
     */
    static <T> T command(String body, Class<T> type) {
        try {
            return MAPPER.readerFor(type)
                    .with(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .readValue(body.isEmpty() ? "{}" : body);
        } catch (JsonProcessingException wrong) {
            throw bad(wrong);
        }
    }

    private static BadValueException bad(JsonProcessingException wrong) {
        if (wrong.getCause() instanceof BadValueException bad) {
            return bad;
        }
        if (wrong instanceof UnrecognizedPropertyException unknown) {
            return new BadValueException("there is no field '" + unknown.getPropertyName() + "': known are "
                    + unknown.getKnownPropertyIds().stream()
                            .map(Object::toString)
                            .collect(Collectors.joining(", ")));
        }
        if (wrong instanceof MismatchedInputException mismatch
                && !mismatch.getPath().isEmpty()) {
            return new BadValueException("the field '"
                    + mismatch.getPath().get(0).getFieldName() + "' is missing, or not what this field can hold");
        }
        return new BadValueException("the body is not the JSON of this command: " + wrong.getOriginalMessage());
    }

    /** Reads a line that a daemon has sent; fields that are not known are skipped: a newer daemon may have some. */
    static JsonNode tree(String line) throws JsonProcessingException {
        return MAPPER.readTree(line);
    }

    static <T> T value(JsonNode tree, Class<T> type) throws JsonProcessingException {
        return MAPPER.readerFor(type)
                .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .treeToValue(tree, type);
    }

    private Json() {}
}
