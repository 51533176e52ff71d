#include "gos/settings.hpp"

#include <charconv>
#include <cstdlib>

namespace camspan::gos {
namespace {

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

tl::unexpected<Failure> bad(std::string sentence) {
  return tl::unexpected<Failure>(Failure{Errc::bad_setting, std::move(sentence), 0});
}

}  // namespace

tl::expected<Settings, Failure> settings_from_environment() {
  Settings settings;
  if (const std::string listen = environment("CAMSPAN_GOS_LISTEN"); !listen.empty()) {
    const std::size_t colon = listen.rfind(':');
    if (colon == std::string::npos || !read_number(std::string_view(listen).substr(colon + 1), settings.port))
      return bad("CAMSPAN_GOS_LISTEN is \"" + listen + "\": write host:port, such as 0.0.0.0:8080.");
    settings.host = listen.substr(0, colon);
  }
  settings.cert_file = environment("CAMSPAN_GOS_CERT");
  settings.key_file = environment("CAMSPAN_GOS_KEY");
  if (settings.cert_file.empty() != settings.key_file.empty())
    return bad("CAMSPAN_GOS_CERT and CAMSPAN_GOS_KEY belong together: set both, or none.");
  settings.pages = environment("CAMSPAN_GOS_PAGES");
  const std::string clients = environment("CAMSPAN_GOS_CLIENTS");
  if (!clients.empty() && !read_number(std::string_view(clients), settings.max_clients))
    return bad("CAMSPAN_GOS_CLIENTS is \"" + clients + "\": write how many clients may connect.");
  std::string origins = environment("CAMSPAN_GOS_ORIGINS");
  for (std::size_t comma = 0; !origins.empty(); origins.erase(0, comma + (comma < origins.size() ? 1 : 0))) {
    comma = std::min(origins.find(','), origins.size());
    if (comma > 0) settings.origins.push_back(origins.substr(0, comma));
  }
  return settings;
}

}  // namespace camspan::gos
