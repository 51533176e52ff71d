/// What this process holds and has used, as words KEY=VALUE for tests and measurements that read them.
#pragma once

#include <malloc.h>
#include <sys/resource.h>
#include <fstream>
#include <string>

namespace camspan::test {

/// The first number of the line that begins with `key`, "0" if there is none.
inline std::string proc_field(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key)) return std::to_string(std::stoul(line.substr(line.find_first_of("0123456789"))));
  return "0";
}

/// Memory of our own in KB (anonymous pages, and what malloc has given out), threads, CPU time in us.
inline std::string process_stats() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto cpu_us =
      (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1'000'000 + use.ru_utime.tv_usec + use.ru_stime.tv_usec;
  const auto heap = mallinfo2();
  return " anon_kb=" + proc_field("/proc/self/smaps_rollup", "Anonymous:") +
         " heap_kb=" + std::to_string((heap.uordblks + heap.hblkhd) >> 10) +
         " threads=" + proc_field("/proc/self/status", "Threads:") + " cpu_us=" + std::to_string(cpu_us);
}

}  // namespace camspan::test
