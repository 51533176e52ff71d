# Language, warnings, sanitizers and the one function every library of ours is made with.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_SKIP_INSTALL_RPATH ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_library(camspan_warnings INTERFACE)
target_compile_options(camspan_warnings INTERFACE
  -Wall -Wextra -Wconversion $<$<BOOL:${CAMSPAN_WERROR}>:-Werror>
  # g++ 12 reports members of tl::expected and std::optional as used uninitialised when it inlines them
  # (GCC bug 80635); clang checks the same code.
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-error=maybe-uninitialized>
  # It also takes the pair of allocation functions of Asio's coroutine frames for two that do not belong together,
  # when it inlines only one of them.
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-mismatched-new-delete>)

if(CAMSPAN_SANITIZE)
  add_compile_options(-fsanitize=${CAMSPAN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${CAMSPAN_SANITIZE})
  if(CAMSPAN_SANITIZE MATCHES "undefined")
    # clang 14 cannot split a coroutine that has the prologue of this check.
    add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,Clang>:-fno-sanitize=function>)
  endif()
  if(CAMSPAN_SANITIZE MATCHES "thread")
    # Asio orders its memory with fences, which the thread sanitizer does not model; gcc says so each time.
    add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
endif()
if(CAMSPAN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# camspan_library(<folder> SOURCES ... PUBLIC libs... PRIVATE libs...)
# One static library per folder. An include against the arrows of docs/architecture.md then fails to link.
function(camspan_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(camspan_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(camspan_${name} PUBLIC ${ARG_PUBLIC} PRIVATE camspan_warnings ${ARG_PRIVATE})
endfunction()
