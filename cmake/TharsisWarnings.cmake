# SPDX-License-Identifier: GPL-2.0
# The warnings that every C target of ours is compiled with; each is an error.
#   target_link_libraries(my_library PRIVATE tharsis_warnings)

add_library(tharsis_warnings INTERFACE)
target_compile_options(tharsis_warnings INTERFACE
	-Wall -Wextra -Werror
	-Wshadow -Wundef -Wvla
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wmissing-declarations
	-Wpointer-arith -Wcast-align -Wwrite-strings -Wformat=2
	-Wdeclaration-after-statement
	$<$<C_COMPILER_ID:Clang>:-Wimplicit-fallthrough>
	$<$<C_COMPILER_ID:GNU>:-Wimplicit-fallthrough=5 -Wlogical-op -Wduplicated-cond -Wduplicated-branches>)
