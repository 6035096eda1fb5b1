# SPDX-License-Identifier: GPL-2.0
# How the C side is built: the language, the flags of each build type, and the options of the presets.

option(THARSIS_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(THARSIS_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(THARSIS_MUTATIONS "Compile deliberate, switchable bugs into the engine, for the tests of the tests" OFF)

if(THARSIS_SANITIZE AND THARSIS_FUZZ)
	message(FATAL_ERROR "THARSIS_FUZZ brings its own sanitizers: use it without THARSIS_SANITIZE")
endif()
if(THARSIS_FUZZ AND NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
	message(FATAL_ERROR "THARSIS_FUZZ needs clang (preset fuzz), but the compiler is ${CMAKE_C_COMPILER}")
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)

# Assertions stay on in every build, so NDEBUG is defined in none.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")

# The kernel's dialect: it compiles the same sources without strict aliasing.
add_compile_options(-fno-strict-aliasing -fno-common -fno-omit-frame-pointer -fstack-protector-strong)

set(THARSIS_SANITIZER_FLAGS "")
if(THARSIS_SANITIZE)
	set(THARSIS_SANITIZER_FLAGS -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(THARSIS_FUZZ)
	set(THARSIS_SANITIZER_FLAGS -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
else()
	add_compile_options($<$<CONFIG:RelWithDebInfo>:-D_FORTIFY_SOURCE=2>)
endif()
add_compile_options(${THARSIS_SANITIZER_FLAGS})
add_link_options(${THARSIS_SANITIZER_FLAGS})

if(THARSIS_MUTATIONS)
	add_compile_definitions(THARSIS_MUTATIONS)
endif()
