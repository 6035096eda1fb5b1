// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.cli;

import java.util.ArrayList;
import java.util.List;

/** Columns under headings, as wide as they need to be. */
final class TextTable {
    private static final String INDENT = "  ";
    private final List<List<String>> rows = new ArrayList<>();

    TextTable(String... headings) {
        rows.add(List.of(headings));
    }

    /** Adds a row with as many cells as there are headings. */
    void row(String... cells) {
        rows.add(List.of(cells));
    }

    /** All rows, each with its line feed. */
    String format() {
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder(INDENT);
            for (int column = 0; column < row.size(); column++) {
                String cell = row.get(column);
                line.append(cell).append(" ".repeat(width(column) - cell.length() + 2));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    private int width(int column) {
        return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
    }
}
