#include "net/write_rounds.hpp"

#include <asio/post.hpp>
#include <deque>
#include <utility>

namespace camspan::net {
namespace {

// Between two looks at what the sockets have: a publisher's next message waits for so many writes at most.
constexpr int kWritersPerTurn = 32;

}  // namespace

struct WriteRounds::State {
  static void turn(const std::shared_ptr<State>& self);
  void post_turn(const std::shared_ptr<State>& self) {
    asio::post(executor, [self] { turn(self); });
  }

  explicit State(asio::any_io_executor on) : executor(std::move(on)) {}

  asio::any_io_executor executor;
  std::deque<std::shared_ptr<Writer>> due;
  bool posted = false;
};

void WriteRounds::State::turn(const std::shared_ptr<State>& self) {
  for (int count = 0; count < kWritersPerTurn && !self->due.empty(); ++count) {
    const auto writer = std::move(self->due.front());
    self->due.pop_front();
    writer->write_turn();
  }
  self->posted = !self->due.empty();
  if (self->posted) self->post_turn(self);
}

WriteRounds::WriteRounds(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

void WriteRounds::add(std::shared_ptr<Writer> writer) {
  state_->due.push_back(std::move(writer));
  if (!std::exchange(state_->posted, true)) state_->post_turn(state_);
}

/// What stands in line. It outlives its owner where a turn is due.
struct WriteRounds::Place::Entry final : Writer {
  explicit Entry(Writer& whose) : owner(&whose) {}
  void write_turn() override {
    due = false;
    if (owner != nullptr) owner->write_turn();
  }

  Writer* owner;
  bool due = false;
};

WriteRounds::Place::Place(WriteRounds& rounds, Writer& owner)
    : rounds_(rounds), entry_(std::make_shared<Entry>(owner)) {}

WriteRounds::Place::~Place() {
  entry_->owner = nullptr;
}

void WriteRounds::Place::take() {
  if (!std::exchange(entry_->due, true)) rounds_.add(entry_);
}

}  // namespace camspan::net
