# Turns files into one C++ source with their content, type and hash. Run as a script:
#   cmake -DOUTPUT=file.cpp -DLIST=list.txt -P embed_files.cmake
# Each line of list.txt is "<address>|<file>". Of our own modules (everything but node_modules) the lines that are comments
# alone stay behind: they are half of the bytes, and no browser reads them. tests/web/served.js does the same.
file(STRINGS "${LIST}" lines)
set(data "")
set(table "")
set(number 0)
foreach(line IN LISTS lines)
  string(FIND "${line}" "|" bar)
  string(SUBSTRING "${line}" 0 ${bar} address)
  math(EXPR after "${bar} + 1")
  string(SUBSTRING "${line}" ${after} -1 file)
  if(file MATCHES "\\.js$" AND NOT file MATCHES "/node_modules/")
    file(READ "${file}" text)
    string(REGEX REPLACE "(^|\n)[ \t]*/\\*\\*([^*]|\\*[^/])*\\*/" "\\1" text "${text}")
    string(REGEX REPLACE "\n[ \t]*//[^\n]*" "" text "${text}")
    string(HEX "${text}" hex)
    string(SHA256 hash "${text}")
  else()
    file(READ "${file}" hex HEX)
    file(SHA256 "${file}" hash)
  endif()
  string(SUBSTRING "${hash}" 0 16 hash)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  # String literals compile far faster than arrays; 2000 digits a line keep editors and compilers content.
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" escaped "${hex}")
  string(REPEAT "." 4000 chunk)
  string(REGEX REPLACE "(${chunk})" "\\1\"\n  \"" escaped "${escaped}")
  string(APPEND data "constexpr char kData${number}[] =\n  \"${escaped}\";\n")
  string(APPEND table "    {\"${address}\", {kData${number}, ${size}}, \"\\\"${hash}\\\"\"},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}.new" "// Made by embed_files.cmake.
#include \"hub/page_files.hpp\"

#include <array>

namespace camspan::hub {
namespace {

${data}
constexpr std::array<PageFile, ${number}> kFiles{{
${table}}};

}  // namespace

std::span<const PageFile> page_files() { return kFiles; }

}  // namespace camspan::hub
")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
