#include "api/notifier.hpp"

namespace camspan {

Notifier::Notifier(net::IoThread& thread, H2PushEvents events) : thread_(thread), box_(std::make_shared<Box>()) {
  box_->events = std::move(events);
}

void Notifier::ask_token(std::function<void(std::string)> answer) {
  thread_.post([box = box_, answer = std::move(answer)] {
    answer(box->silent.load() ? std::string() : box->events.request_token());
  });
}

void Notifier::ask_redirect(std::string url, std::function<void(bool)> answer) {
  thread_.post([box = box_, url = std::move(url), answer = std::move(answer)] {
    answer(!box->silent.load() && box->events.redirect(url));
  });
}

void Notifier::silence() {
  box_->silent.store(true);
}

}  // namespace camspan
