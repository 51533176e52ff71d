/// camspan-hub token.
#include <iostream>

#include "hub/clock.hpp"
#include "hub/data_folder.hpp"
#include "hub/serve.hpp"
#include "hub/token.hpp"

namespace camspan::hub {

Exit run_token_command(const Config& config, const CommandLine& line) {
  const bool own_key = config.auth.jwt_key_file.empty();
  const auto folder = DataFolder::open(config.data, DataFolder::Lock::none);
  if (!folder) return complain(folder.error().sentence, Exit::failed);
  const auto file = own_key ? folder->token_key() : config.auth.jwt_key_file;
  const auto key = TokenKey::load(file, own_key);
  if (!key) return complain(key.error().sentence, exit_of(key.error()));
  if (!key->can_sign())
    return complain(file.string() +
                        " is a public key: it checks tokens and cannot sign them. Sign with the private key "
                        "that belongs to it, where that is kept.",
                    Exit::failed);
  const auto now = std::chrono::floor<std::chrono::seconds>(utc_now());
  const Claims claims{line.subject, line.device, line.allow, now + std::chrono::ceil<std::chrono::seconds>(line.ttl)};
  const auto token = key->sign(claims, now);
  if (!token) return complain("the token could not be signed with " + file.string() + ".", Exit::failed);
  std::cout << *token << "\n";
  return Exit::fine;
}

}  // namespace camspan::hub
