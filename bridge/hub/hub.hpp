/// The hub as a whole: owns every part, starts them in order and stops them in order.
#pragma once

#include <camspan/error.hpp>
#include <memory>
#include <string>

#include "hub/config.hpp"

namespace camspan::hub {

/// Not to be used from its own threads.
class Hub {
 public:
  struct Addresses {
    std::string listen;  ///< "127.0.0.1:8443", the port that was bound
    std::string plain;   ///< "" = none
  };

  /// Opens the data folder, indexes what is recorded, binds the ports and serves. The sentence names the cause and the
  /// fix. @return Errc::bad_setting for a setting that cannot be used, else what has failed
  static tl::expected<std::unique_ptr<Hub>, Failure> start(const Config& config);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  const Addresses& addresses() const;

  /// Stops accepting, answers and stores what is under way. Takes at most 5 s; the destructor calls it.
  void stop();

 private:
  struct Parts;
  explicit Hub(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace camspan::hub
