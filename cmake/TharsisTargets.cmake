# SPDX-License-Identifier: GPL-2.0
# The kinds of target that both parts of the C side make.

find_package(PkgConfig REQUIRED)
if(BUILD_TESTING)
	pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()

# What a sanitizer reports fails the test, at once and with a stack.
set(THARSIS_TEST_ENVIRONMENT
	"ASAN_OPTIONS=abort_on_error=1:detect_leaks=1:strict_string_checks=1"
	"UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1")

# tharsis_test(name SOURCES file... [LIBS target...] [LABELS label...] [ARGS argument...]
#              [TIMEOUT seconds] [SERIAL])
# A cmocka test program `name`, run by ctest under the same name.  TIMEOUT is 120 s unless told;
# SERIAL: no other test may run beside it.
function(tharsis_test name)
	cmake_parse_arguments(PARSE_ARGV 1 test "SERIAL" "TIMEOUT" "SOURCES;LIBS;LABELS;ARGS")
	if(test_UNPARSED_ARGUMENTS OR NOT test_SOURCES)
		message(FATAL_ERROR "tharsis_test(${name}): SOURCES missing, or unknown: ${test_UNPARSED_ARGUMENTS}")
	endif()
	if(NOT BUILD_TESTING)
		return()
	endif()
	add_executable(${name} ${test_SOURCES})
	target_link_libraries(${name} PRIVATE ${test_LIBS} PkgConfig::CMOCKA tharsis_warnings)
	add_test(NAME ${name} COMMAND ${name} ${test_ARGS})
	tharsis_test_properties(${name} LABELS ${test_LABELS} TIMEOUT ${test_TIMEOUT} SERIAL ${test_SERIAL})
endfunction()

# tharsis_script_test(name COMMAND command... [LABELS label...] [TIMEOUT seconds] [SERIAL])
# A test that is a program or script of its own (real clients, for example); exit status 0 is success.
function(tharsis_script_test name)
	cmake_parse_arguments(PARSE_ARGV 1 test "SERIAL" "TIMEOUT" "COMMAND;LABELS")
	if(test_UNPARSED_ARGUMENTS OR NOT test_COMMAND)
		message(FATAL_ERROR "tharsis_script_test(${name}): COMMAND missing, or unknown: ${test_UNPARSED_ARGUMENTS}")
	endif()
	if(NOT BUILD_TESTING)
		return()
	endif()
	add_test(NAME ${name} COMMAND ${test_COMMAND})
	tharsis_test_properties(${name} LABELS ${test_LABELS} TIMEOUT ${test_TIMEOUT} SERIAL ${test_SERIAL})
endfunction()

# What the two kinds of test above have in common.
function(tharsis_test_properties name)
	cmake_parse_arguments(PARSE_ARGV 1 test "" "TIMEOUT;SERIAL" "LABELS")
	if(NOT test_TIMEOUT)
		set(test_TIMEOUT 120)
	endif()
	set_tests_properties(${name} PROPERTIES
		TIMEOUT ${test_TIMEOUT}
		RUN_SERIAL ${test_SERIAL}
		ENVIRONMENT "${THARSIS_TEST_ENVIRONMENT}")
	if(test_LABELS)
		set_tests_properties(${name} PROPERTIES LABELS "${test_LABELS}")
	endif()
endfunction()

# tharsis_fuzzer(name SOURCES file... [LIBS target...])
# A libFuzzer program `name` (its source defines LLVMFuzzerTestOneInput); only in the preset `fuzz`.
function(tharsis_fuzzer name)
	cmake_parse_arguments(PARSE_ARGV 1 fuzzer "" "" "SOURCES;LIBS")
	if(NOT THARSIS_FUZZ)
		return()
	endif()
	add_executable(${name} ${fuzzer_SOURCES})
	target_link_libraries(${name} PRIVATE ${fuzzer_LIBS} tharsis_warnings)
	target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endfunction()
