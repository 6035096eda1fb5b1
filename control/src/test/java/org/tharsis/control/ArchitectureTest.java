// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final JavaClasses THARSIS = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("org.tharsis");

    @Test
    void replicationKnowsNothingOfControl() {
        noClasses()
                .that()
                .resideInAPackage("org.tharsis.replication..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.tharsis.control..")
                .check(THARSIS);
    }

    @Test
    void replicationKnowsNothingOfZooKeeper() {
        noClasses()
                .that()
                .resideInAPackage("org.tharsis.replication..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.zookeeper..", "org.apache.curator..")
                .check(THARSIS);
    }

    @Test
    void noTwoPackagesNeedEachOther() {
        slices().matching("org.tharsis.(**)").should().beFreeOfCycles().check(THARSIS);
    }
}
