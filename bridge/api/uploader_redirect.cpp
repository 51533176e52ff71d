/// The part of Uploader that follows redirects.
#include <asio/post.hpp>

#include "api/redirect.hpp"
#include "api/uploader.hpp"
#include "core/log.hpp"

namespace camspan {
namespace {

// As RFC 2068 recommended; what goes further goes in circles.
constexpr int kMaxRedirects = 5;

Failure not_followed(const Url& from, const Url& to, int status) {
  const std::string answered = from.authority + ": the receiver answered with status " + std::to_string(status) + ": ";
  if (redirect_of(status) == Redirect::elsewhere)
    return {Errc::refused, answered + to_string(to) + " is not for uploads. Set location to a URL that is.", status};
  return {Errc::refused,
          answered + "it has moved to " + to_string(to) +
              ". Set location to that, or say yes to signal redirect: the token goes there too.",
          status};
}

}  // namespace

/// A 3xx with a Location: the next request goes there, or the upload ends.
asio::awaitable<void> Uploader::follow(RequestEnd refused) {
  const int status = refused.failure.http_status;
  const auto target = redirect_target(url_, refused.location);
  if (!target) {
    fail(target.error());
    co_return;
  }
  if (++redirects_ > kMaxRedirects) {
    fail(Failure{Errc::refused,
                 home_.authority + ": the upload was sent on " + std::to_string(kMaxRedirects) + " times, at last to " +
                     to_string(*target) + ". Set location to where it is taken.",
                 status});
    co_return;
  }
  bool allowed = keeps_method(status) && same_origin(url_, *target);
  if (redirect_of(status) != Redirect::elsewhere && notify_.hears(&H2PushEvents::redirect)) {
    const std::string url = to_string(*target);
    allowed = co_await leave_of_user(url);
  }
  if (stopping_) co_return;
  if (!allowed) {
    fail(not_followed(url_, *target, status));
    co_return;
  }
  log::info("upload", "goes to ", target->authority, " from here on");
  if (redirect_of(status) == Redirect::permanent) home_ = *target;
  go_to(*target);
}

void Uploader::go_to(const Url& target) {
  if (!same_origin(url_, target)) drop_client();
  url_ = target;
}

asio::awaitable<bool> Uploader::leave_of_user(std::string url) {
  auto answer = std::make_shared<bool>(false);
  const std::function<void(bool)> answered = [self = shared_from_this(), answer](bool yes) {
    asio::post(self->executor_, [self, answer, yes] {
      *answer = yes;
      self->answer_came_.notify();
    });
  };
  notify_.ask(&H2PushEvents::redirect, false, answered, std::move(url));
  co_await answer_came_.wait();
  co_return *answer;
}

}  // namespace camspan
