# Makes an archive of usrsctp that reads the clock of bridge/proto/rtc/usrsctp_clock.hpp, which says why.
#   cmake -DARCHIVE=libusrsctp.a -DOUT=FILE -DAR=ar -DOBJCOPY=objcopy -P usrsctp_clock.cmake
function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${folder}" OUTPUT_VARIABLE out COMMAND_ERROR_IS_FATAL ANY)
  set(out "${out}" PARENT_SCOPE)
endfunction()

set(folder "${OUT}.parts")
file(REMOVE_RECURSE "${folder}" "${OUT}")
file(MAKE_DIRECTORY "${folder}")
# The clock; and what a shared library may not take from another one in code that was not compiled for one.
run("${OBJCOPY}" --redefine-sym gettimeofday=camspan_usrsctp_time --redefine-sym in6addr_any=camspan_usrsctp_any
    "${ARCHIVE}" "${OUT}")
run("${AR}" t "${OUT}")
string(REGEX MATCH "[^\n]*sctp_timer\\.o" timers "${out}")
if(NOT timers)
  message(FATAL_ERROR "${ARCHIVE} has no sctp_timer.o: is it usrsctp?")
endif()
run("${AR}" x "${OUT}" "${timers}")
run("${OBJCOPY}" --redefine-sym camspan_usrsctp_time=camspan_usrsctp_timeout_time "${timers}")
run("${AR}" r "${OUT}" "${timers}")
file(REMOVE_RECURSE "${folder}")
