// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The arrows of docs/architecture.md: who may know whom. */
class ArchitectureTest {
    private static final JavaClasses THARSIS = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("org.tharsis");

    private static final String JDK = "java..";
    private static final String REPLICATION = "org.tharsis.replication..";
    private static final String CONTROL = "org.tharsis.control..";
    private static final String MODEL = "org.tharsis.control.model..";
    private static final String STATE = "org.tharsis.control.state..";
    private static final String JOURNAL = "org.tharsis.control.journal..";
    private static final String RECONCILE = "org.tharsis.control.reconcile..";
    private static final String[] ZOOKEEPER = {"org.apache.zookeeper..", "org.apache.curator.."};
    private static final String CHRONICLE = "net.openhft..";
    private static final String JACKSON = "com.fasterxml.jackson..";

    @Test
    void replicationKnowsNothingOfControl() {
        noClasses()
                .that()
                .resideInAPackage(REPLICATION)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(CONTROL)
                .check(THARSIS);
    }

    @Test
    void replicationKnowsNothingOfZooKeeperOfTheJournalOrOfJson() {
        noClasses()
                .that()
                .resideInAPackage(REPLICATION)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(ZOOKEEPER[0], ZOOKEEPER[1], CHRONICLE, JACKSON)
                .check(THARSIS);
    }

    @Test
    void theModelNeedsNothingButTheJdk() {
        classes()
                .that()
                .resideInAPackage(MODEL)
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(JDK, MODEL)
                .check(THARSIS);
    }

    @Test
    void reconcilingNeedsNothingButTheModelAndTheJdk() {
        classes()
                .that()
                .resideInAPackage(RECONCILE)
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(JDK, MODEL, RECONCILE)
                .check(THARSIS);
    }

    @Test
    void reconcilingHasNoClockNoFilesAndNoThreads() {
        noClasses()
                .that()
                .resideInAPackage(RECONCILE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.io..", "java.nio..", "java.net..", "java.util.concurrent..")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(java.time.Instant.class, "now")
                .check(THARSIS);
    }

    @Test
    void theJournalKnowsItsLibraryAndNothingOfControl() {
        classes()
                .that()
                .resideInAPackage(JOURNAL)
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(JDK, JOURNAL, CHRONICLE, "org.slf4j..")
                .check(THARSIS);
    }

    @Test
    void onlyTheJournalKnowsChronicle() {
        noClasses()
                .that()
                .resideOutsideOfPackage(JOURNAL)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(CHRONICLE)
                .check(THARSIS);
    }

    @Test
    void onlyTheStateTreeKnowsZooKeeper() {
        noClasses()
                .that()
                .resideOutsideOfPackage(STATE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(ZOOKEEPER)
                .check(THARSIS);
    }

    /** They would cost each call of the command a third of a second. */
    @Test
    void theCommandAndTheSocketItSpeaksToLoadNeitherZooKeeperNorChronicle() {
        noClasses()
                .that()
                .resideInAnyPackage("org.tharsis.control.api..", "org.tharsis.control.cli..")
                .should()
                .transitivelyDependOnClassesThat()
                .resideInAnyPackage(ZOOKEEPER[0], ZOOKEEPER[1], CHRONICLE)
                .check(THARSIS);
    }

    @Test
    void noTwoPackagesNeedEachOther() {
        slices().matching("org.tharsis.(**)").should().beFreeOfCycles().check(THARSIS);
    }
}
