// SPDX-License-Identifier: GPL-2.0
/*
 * simulator: the engine in simulated worlds. See docs/simulator.md.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cluster/scenario.h"
#include "mutations.h"
#include "world/failure.h"

struct options {
	const struct th_scenario *scenario; /* NULL: all of them in turn */
	const struct th_mutation_case *mutation;
	uint64_t seed;
	double seconds; /* 0: one run */
	uint32_t jobs;
	bool expect_caught;
	bool trace;
};

static const char usage[] =
	"simulator [--scenario NAME] [--seed N] [--seconds S] [--jobs N] [--trace]\n"
	"          [--mutation NAME [--expect-caught]]\n"
	"simulator --list\n"
	"\n"
	"Without --seconds: one run, of this seed. With it: runs of this seed and the following ones, until\n"
	"the time is over. Without --scenario: a scenario chosen by the seed.\n";

#ifdef __SANITIZE_ADDRESS__
/* Whole processes are freed all the time: memory that is kept to catch late uses of it would fill the caches. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=16:malloc_context_size=8";
}
#endif

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int list(void)
{
	printf("scenarios:\n");
	for (const struct th_scenario *scenario = th_scenarios; scenario->name; scenario++)
		printf("  %-12s %s\n", scenario->name, scenario->about);
	printf("mutations:\n");
	for (const struct th_mutation_case *mutation = th_mutation_cases; mutation->name;
	     mutation++)
		printf("  %-18s %s (scenario %s)\n", mutation->name, mutation->about,
		       mutation->scenario);
	return EXIT_SUCCESS;
}

static int complain(const char *what, const char *value)
{
	fprintf(stderr, "simulator: %s \"%s\"\n\n%s", what, value, usage);
	return EXIT_FAILURE;
}

/* 0, or the exit status plus one of a program that ends here. */
static int parse(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "scenario", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 't' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "mutation", required_argument, NULL, 'm' },
		{ "expect-caught", no_argument, NULL, 'e' },
		{ "trace", no_argument, NULL, 'v' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 's':
			options->scenario = th_scenario_find(optarg);
			if (!options->scenario)
				return 1 + complain("there is no scenario", optarg);
			break;
		case 'm':
			options->mutation = th_mutation_find(optarg);
			if (!options->mutation)
				return 1 + complain("there is no mutation", optarg);
			break;
		case 'n':
			options->seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			options->seconds = strtod(optarg, NULL);
			break;
		case 'j':
			options->jobs = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'e':
			options->expect_caught = true;
			break;
		case 'v':
			options->trace = true;
			break;
		case 'l':
			return 1 + list();
		case 'h':
			printf("%s", usage);
			return 1 + EXIT_SUCCESS;
		default:
			return 1 + complain("not understood:", argv[optind - 1]);
		}
	}
	return optind < argc ? 1 + complain("not understood:", argv[optind]) : 0;
}

static const struct th_scenario *scenario_of(const struct options *options, uint64_t seed)
{
	uint64_t count = 0;

	if (options->scenario)
		return options->scenario;
	while (th_scenarios[count].plan)
		count++;
	return &th_scenarios[seed % count];
}

static void print_statistics(double seconds)
{
	const struct th_statistics *statistics = &th_statistics;

	printf("%llu runs, %llu requests (%.0f/s), %llu crashes, %llu promotions, "
	       "%.1f s simulated in %.1f s\n",
	       (unsigned long long)statistics->runs, (unsigned long long)statistics->requests,
	       (double)statistics->requests / seconds, (unsigned long long)statistics->crashes,
	       (unsigned long long)statistics->promotions, (double)statistics->simulated_ns / 1e9,
	       seconds);
}

/* The runs of one process: every @step-th seed. */
static int run(const struct options *options, uint64_t seed, uint32_t step)
{
	double start_s = now_s();

	do {
		th_scenario_run(scenario_of(options, seed), seed);
		seed += step;
	} while (now_s() - start_s < options->seconds);
	print_statistics(now_s() - start_s);
	if (options->expect_caught) {
		printf("NOT caught: mutation %s went unnoticed\n", options->mutation->name);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

static int run_jobs(const struct options *options)
{
	int result = EXIT_SUCCESS;

	for (uint32_t i = 0; i < options->jobs; i++) {
		pid_t child = fork();

		if (child < 0) {
			perror("simulator: fork");
			return EXIT_FAILURE;
		}
		if (child == 0)
			exit(run(options, options->seed + i, options->jobs));
	}
	for (uint32_t i = 0; i < options->jobs; i++) {
		int status;

		if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
			result = EXIT_FAILURE;
	}
	return result;
}

int main(int argc, char **argv)
{
	struct options options = { .seed = (uint64_t)time(NULL), .jobs = 1 };
	int ended = parse(argc, argv, &options);

	if (ended)
		return ended - 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (options.mutation) {
		th_mutation_switch_on(options.mutation);
		th_run.mutation = options.mutation->name;
		if (!options.scenario)
			options.scenario = th_scenario_find(options.mutation->scenario);
	} else if (options.expect_caught) {
		return complain("--expect-caught needs a", "--mutation");
	}
	th_run.failure_expected = options.expect_caught;
	th_run.trace = options.trace;
	printf("seed %llu\n", (unsigned long long)options.seed);
	return options.jobs > 1 ? run_jobs(&options) : run(&options, options.seed, 1);
}
