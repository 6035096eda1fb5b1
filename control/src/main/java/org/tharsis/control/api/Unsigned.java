// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import com.fasterxml.jackson.annotation.JacksonAnnotationsInside;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.ser.std.StdScalarSerializer;
import java.io.IOException;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.math.BigInteger;

/** A {@code long} without a sign: LSNs and epochs, which JSON shows as the decimal numbers that they are. */
@Retention(RetentionPolicy.RUNTIME)
@JacksonAnnotationsInside
@JsonSerialize(using = Unsigned.Writer.class)
@JsonDeserialize(using = Unsigned.Reader.class)
public @interface Unsigned {
    /** Writes the number. */
    final class Writer extends StdScalarSerializer<Long> {
        private static final long serialVersionUID = 1L;

        Writer() {
            super(Long.class);
        }

        @Override
        public void serialize(Long value, JsonGenerator out, SerializerProvider provider) throws IOException {
            if (value >= 0) {
                out.writeNumber(value);
            } else {
                out.writeNumber(new BigInteger(Long.toUnsignedString(value)));
            }
        }
    }

    /** Reads it. */
    final class Reader extends StdScalarDeserializer<Long> {
        private static final long serialVersionUID = 1L;

        Reader() {
            super(Long.class);
        }

        @Override
        public Long deserialize(JsonParser in, DeserializationContext context) throws IOException {
            BigInteger value = in.getBigIntegerValue();
            if (value.signum() < 0 || value.bitLength() > Long.SIZE) {
                return (Long)
                        context.handleWeirdNumberValue(Long.class, value, "not a number of 64 bits without a sign");
            }
            return value.longValue();
        }
    }
}
