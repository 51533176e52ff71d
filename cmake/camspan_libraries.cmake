# Third-party libraries, each found once. THIRD-PARTY.md says what each is for.
include(CheckSymbolExists)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
# Of 1.61, and backported by distributions: the version does not tell.
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::NGHTTP2)
check_symbol_exists(nghttp2_option_set_max_continuations nghttp2/nghttp2.h CAMSPAN_NGHTTP2_LIMITS_CONTINUATIONS)
unset(CMAKE_REQUIRED_LIBRARIES)

# wslay: Debian ships no .pc file, other systems no CMake package.
pkg_check_modules(WSLAY QUIET IMPORTED_TARGET libwslay)
if(NOT WSLAY_FOUND)
  find_path(WSLAY_INCLUDE_DIR wslay/wslay.h REQUIRED)
  find_library(WSLAY_LIBRARY wslay REQUIRED)
  add_library(PkgConfig::WSLAY INTERFACE IMPORTED)
  target_include_directories(PkgConfig::WSLAY INTERFACE "${WSLAY_INCLUDE_DIR}")
  target_link_libraries(PkgConfig::WSLAY INTERFACE "${WSLAY_LIBRARY}")
endif()

# msgpack-c, the C library: its .pc file has had both names.
pkg_search_module(MSGPACK REQUIRED IMPORTED_TARGET msgpack-c msgpack)

find_package(nlohmann_json 3.9 REQUIRED)

# Standalone Asio: headers only.
find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
add_library(camspan_asio INTERFACE)
target_include_directories(camspan_asio SYSTEM INTERFACE "${ASIO_INCLUDE_DIR}")
target_compile_definitions(camspan_asio INTERFACE
  ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_SEPARATE_COMPILATION
  # Asio 1.22 decides by whether a standard header came before it: memory of one source would be freed the other way in
  # the next.
  ASIO_DISABLE_STD_ALIGNED_ALLOC
  $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_CO_AWAIT=1> $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_STD_COROUTINE=1>)
target_link_libraries(camspan_asio INTERFACE Threads::Threads)

# llhttp: the system's library where there is one, else the C sources that Debian's node-llhttp carries. Before version 9
# it takes chunks that end wrong unless it is built in its strict mode, which a system's library need not be.
pkg_check_modules(LLHTTP QUIET IMPORTED_TARGET libllhttp>=9)
add_library(camspan_llhttp INTERFACE)
if(LLHTTP_FOUND)
  target_link_libraries(camspan_llhttp INTERFACE PkgConfig::LLHTTP)
else()
  find_path(LLHTTP_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)
  find_path(LLHTTP_INCLUDE_DIR llhttp.h PATHS /usr/share/include/llhttp NO_DEFAULT_PATH)
  if(NOT LLHTTP_SOURCE_DIR OR NOT LLHTTP_INCLUDE_DIR)
    message(FATAL_ERROR "llhttp not found: apt-get install node-llhttp, or install libllhttp with its .pc file")
  endif()
  add_library(camspan_llhttp_sources STATIC "${LLHTTP_SOURCE_DIR}/llhttp.c" "${LLHTTP_SOURCE_DIR}/api.c"
              "${LLHTTP_SOURCE_DIR}/http.c")
  target_include_directories(camspan_llhttp_sources SYSTEM PUBLIC "${LLHTTP_INCLUDE_DIR}")
  target_compile_definitions(camspan_llhttp_sources PRIVATE LLHTTP_STRICT_MODE=1)
  target_link_libraries(camspan_llhttp INTERFACE camspan_llhttp_sources)
endif()

if(CAMSPAN_P2P OR CAMSPAN_HUB)
  find_package(CLI11 REQUIRED)
endif()
if(CAMSPAN_P2P)
  pkg_check_modules(USRSCTP REQUIRED usrsctp)
  find_library(USRSCTP_ARCHIVE libusrsctp.a HINTS ${USRSCTP_LIBRARY_DIRS} REQUIRED)
  set(CAMSPAN_USRSCTP_ARCHIVE "${PROJECT_BINARY_DIR}/libcamspan-usrsctp.a")
  set(maker "${PROJECT_SOURCE_DIR}/cmake/usrsctp_clock.cmake")
  add_custom_command(OUTPUT "${CAMSPAN_USRSCTP_ARCHIVE}" DEPENDS "${USRSCTP_ARCHIVE}" "${maker}" VERBATIM
    COMMAND "${CMAKE_COMMAND}" "-DARCHIVE=${USRSCTP_ARCHIVE}" "-DOUT=${CAMSPAN_USRSCTP_ARCHIVE}" "-DAR=${CMAKE_AR}"
            "-DOBJCOPY=${CMAKE_OBJCOPY}" -P "${maker}")
  add_custom_target(camspan_usrsctp_archive DEPENDS "${CAMSPAN_USRSCTP_ARCHIVE}")
  add_library(camspan_usrsctp STATIC IMPORTED GLOBAL)
  add_dependencies(camspan_usrsctp camspan_usrsctp_archive)
  set_target_properties(camspan_usrsctp PROPERTIES IMPORTED_LOCATION "${CAMSPAN_USRSCTP_ARCHIVE}"
    INTERFACE_INCLUDE_DIRECTORIES "${USRSCTP_INCLUDE_DIRS}" INTERFACE_LINK_LIBRARIES Threads::Threads
    # A program may have another usrsctp beside.
    INTERFACE_LINK_OPTIONS "LINKER:--exclude-libs,libcamspan-usrsctp.a")
  pkg_check_modules(NICE REQUIRED IMPORTED_TARGET nice>=0.1.19)
endif()
find_package(nlohmann_json 3.9 REQUIRED)
if(CAMSPAN_HUB OR CAMSPAN_PLUGINS)
  pkg_check_modules(JWT REQUIRED IMPORTED_TARGET libjwt)
endif()
if(CAMSPAN_HUB)
  pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
  find_package(CLI11 REQUIRED)
endif()
if(CAMSPAN_HUB OR CAMSPAN_PLUGINS)
  pkg_check_modules(JWT REQUIRED IMPORTED_TARGET libjwt)
endif()
if(CAMSPAN_HUB)
  pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
  find_package(CLI11 REQUIRED)
  pkg_check_modules(JWT REQUIRED IMPORTED_TARGET libjwt)
  find_package(nlohmann_json 3.9 REQUIRED)
  find_package(tomlplusplus REQUIRED)
endif()
if(CAMSPAN_PLUGINS)
  pkg_check_modules(GSTREAMER REQUIRED IMPORTED_TARGET gstreamer-1.0>=1.18 gstreamer-base-1.0 gstreamer-video-1.0)
endif()
if(CAMSPAN_TESTS)
  find_package(GTest REQUIRED)
  if(CAMSPAN_PLUGINS)
    pkg_check_modules(GSTCHECK REQUIRED IMPORTED_TARGET gstreamer-check-1.0)
  endif()
endif()
