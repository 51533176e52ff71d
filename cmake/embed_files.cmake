# Turns files into one C++ source with their content, type and hash. Run as a script:
#   cmake -DOUTPUT=file.cpp -DLIST=list.txt -DHEADER=hub/page_files.hpp -DFUNCTION=camspan::hub::page_files -P embed_files.cmake
# The header declares the function: std::span<const net::PageFile>().
# Each line of list.txt is "<address>|<file>". Of our own files (everything but node_modules) comments, empty lines, the
# spaces before a line, in scripts those around what needs none, and the ends of lines that cannot end there stay behind:
# they are half of the bytes, and no browser reads them. Strings are kept, and so is a line with a slash, backslash,
# backtick or double quote: what of it is a string is not to be told so simply.
# tests/web/served.js does the same.
# Beside each lies what gzip makes of it, where that program is there.

# The bytes of a file as C++ string literals, which compile far faster than arrays; 2000 digits a line keep editors and
# compilers content.
function(literal_of file literal size)
  file(READ "${file}" hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR bytes "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" escaped "${hex}")
  string(REPEAT "." 4000 chunk)
  string(REGEX REPLACE "(${chunk})" "\\1\"\n  \"" escaped "${escaped}")
  set(${literal} "\n  \"${escaped}\"" PARENT_SCOPE)
  set(${size} ${bytes} PARENT_SCOPE)
endfunction()

file(STRINGS "${LIST}" lines)
set(data "")
set(table "")
set(number 0)
foreach(line IN LISTS lines)
  string(FIND "${line}" "|" bar)
  string(SUBSTRING "${line}" 0 ${bar} address)
  math(EXPR after "${bar} + 1")
  string(SUBSTRING "${line}" ${after} -1 file)
  if(file MATCHES "\\.(js|css)$" AND NOT file MATCHES "/node_modules/")
    file(READ "${file}" text)
    set(text "\n${text}")
    string(REGEX REPLACE "(\n)[ \t]*/\\*([^*]|\\*[^/])*\\*/" "\\1" text "${text}")
    string(REGEX REPLACE "\n[ \t]*//[^\n]*" "" text "${text}")
    string(REGEX REPLACE "([;,{)])[ \t]+// [^\n]*" "\\1" text "${text}")
    string(REGEX REPLACE "\n[ \t\n]+" "\n" text "${text}")
    if(file MATCHES "\\.js$")
      string(REGEX REPLACE " ?(\n[^\n]*[/`\"\\][^\n]*|'[^'\n]*'|===|!==|=>|=|&&|[|][|]|[?][?]|[?:,;{}<>*]) ?" "\\1" text "${text}")
      string(REGEX REPLACE "([;{,([])\n" "\\1" text "${text}")
    else()
      string(REPLACE "\n" "" text "${text}")
    endif()
    set(file "${OUTPUT}.text")
    file(WRITE "${file}" "${text}")
  endif()
  file(SHA256 "${file}" hash)
  string(SUBSTRING "${hash}" 0 16 hash)
  literal_of("${file}" content size)
  execute_process(COMMAND gzip -9 -n -c "${file}" OUTPUT_FILE "${OUTPUT}.gz" RESULT_VARIABLE failed ERROR_QUIET)
  if(failed)
    file(WRITE "${OUTPUT}.gz" "")
  endif()
  literal_of("${OUTPUT}.gz" packed packed_size)
  string(APPEND data "constexpr char kData${number}[] =${content};\nconstexpr char kPacked${number}[] =${packed};\n")
  string(APPEND table "    {\"${address}\", {kData${number}, ${size}}, {kPacked${number}, ${packed_size}}, \"${hash}\"},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(REMOVE "${OUTPUT}.text" "${OUTPUT}.gz")
file(WRITE "${OUTPUT}.new" "// Made by embed_files.cmake.
#include \"${HEADER}\"

#include <array>

namespace {

${data}
constexpr std::array<camspan::net::PageFile, ${number}> kFiles{{
${table}}};

}  // namespace

std::span<const camspan::net::PageFile> ${FUNCTION}() { return kFiles; }
")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
