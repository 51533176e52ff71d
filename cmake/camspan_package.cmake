# Install tree, pkg-config files and packages.
include(CMakePackageConfigHelpers)

install(DIRECTORY bridge/include/camspan hal/include/camspan DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")

# libcamspan-core: everything below the elements, in one static library (no GStreamer, no P2P).
add_library(camspan-core STATIC cmake/empty.cpp)
set(core_parts camspan_api camspan_net camspan_recordings camspan_proto camspan_core camspan_hal)
if(NOT LLHTTP_FOUND)
  list(APPEND core_parts camspan_llhttp_sources)
endif()
foreach(part IN LISTS core_parts)
  target_sources(camspan-core PRIVATE $<TARGET_OBJECTS:${part}>)
endforeach()
install(TARGETS camspan-core ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")

# libcamspan-linkkit: the Link Kit C API on top of it. Programs that were written for another library find its headers in
# a folder of their own.
add_library(camspan-linkkit STATIC cmake/empty.cpp)
foreach(part IN ITEMS camspan_linkkit camspan_hal_linkkit)
  target_sources(camspan-linkkit PRIVATE $<TARGET_OBJECTS:${part}>)
endforeach()
install(TARGETS camspan-linkkit ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")

# libcamspan-gos: the Gecko OS streams, the same way.
add_library(camspan-gos STATIC cmake/empty.cpp)
target_sources(camspan-gos PRIVATE $<TARGET_OBJECTS:camspan_gos>)
install(TARGETS camspan-gos ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY bridge/vendor/include/ hal/vendor/include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/camspan/vendor")

# libcamspan-iv: the raw P2P API of IoT Video, with all of peer to peer, and what serves viewers of the local network.
if(TARGET camspan_iv)
  add_library(camspan-iv STATIC cmake/empty.cpp)
  foreach(part IN ITEMS camspan_iv camspan_signal_client camspan_signalling camspan_p2p camspan_rtc camspan_local
                          camspan_front camspan_page)
    target_sources(camspan-iv PRIVATE $<TARGET_OBJECTS:${part}>)
  endforeach()
  install(TARGETS camspan-iv ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(FILES "${CAMSPAN_USRSCTP_ARCHIVE}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  configure_file(cmake/camspan-iv.pc.in camspan-iv.pc @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/camspan-iv.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endif()

set(llhttp_requires "")
if(LLHTTP_FOUND)
  set(llhttp_requires ", libllhttp")
endif()
configure_file(cmake/camspan-core.pc.in camspan-core.pc @ONLY)
configure_file(cmake/camspan-linkkit.pc.in camspan-linkkit.pc @ONLY)
configure_file(cmake/camspan-gos.pc.in camspan-gos.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/camspan-core.pc" "${PROJECT_BINARY_DIR}/camspan-linkkit.pc"
        "${PROJECT_BINARY_DIR}/camspan-gos.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES LICENSE THIRD-PARTY.md README.md CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")

set(CPACK_PACKAGE_NAME camspan)
set(CPACK_PACKAGE_VENDOR "The Camspan authors")
set(CPACK_PACKAGE_CONTACT "The Camspan authors")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_GENERATOR TGZ DEB)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_STRIP_FILES ON)
include(CPack)
