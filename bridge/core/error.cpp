#include <camspan/error.hpp>

namespace camspan {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "camspan"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::closed:
        return "closed";
      case Errc::cancelled:
        return "cancelled";
      case Errc::timed_out:
        return "timed out";
      case Errc::queue_full:
        return "queue full";
      case Errc::no_space:
        return "no space left";
      case Errc::malformed:
        return "malformed data";
      case Errc::too_large:
        return "over the size limit";
      case Errc::wrong_type:
        return "wrong type of content";
      case Errc::gap:
        return "data missing before this";
      case Errc::not_found:
        return "not found";
      case Errc::not_authenticated:
        return "not authenticated";
      case Errc::not_authorized:
        return "not authorized";
      case Errc::not_live:
        return "not live";
      case Errc::busy:
        return "at its limit";
      case Errc::refused:
        return "refused by the peer";
      case Errc::unsupported:
        return "not supported";
      case Errc::bad_setting:
        return "missing or wrong setting";
      case Errc::name_not_found:
        return "host name not found";
      case Errc::name_unresolved:
        return "name server did not answer";
      case Errc::unreachable:
        return "host unreachable";
      case Errc::tls_failed:
        return "TLS handshake failed";
      case Errc::tls_untrusted:
        return "certificate not trusted";
      case Errc::tls_wrong_name:
        return "certificate is for another host";
      case Errc::tls_expired:
        return "certificate expired or not yet valid";
      case Errc::connection_lost:
        return "connection lost";
      case Errc::stream_reset:
        return "stream reset by the peer";
      case Errc::protocol_error:
        return "protocol error";
      case Errc::io_error:
        return "storage error";
    }
    return "unknown error";
  }
};

}  // namespace

const std::error_category& error_category() noexcept {
  static const Category category;
  return category;
}

std::error_code make_error_code(Errc e) noexcept {
  return {static_cast<int>(e), error_category()};
}

}  // namespace camspan
